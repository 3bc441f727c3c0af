//! Sweeps and comparisons: every combination once, nothing twice, and failures that stop nothing else.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;

use program::{assert_command_refused, here, wgprune, wgprune_with};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

const SMALL: &str = "--models lenet-300-100 --set train.batch=32 --steps 6 --seeds 0,1";

/// The rows of `summary.csv`, by the names of their runs. No field has a comma in it.
fn summary(sweep: &Path) -> BTreeMap<String, BTreeMap<String, String>> {
    let text = fs::read_to_string(sweep.join("summary.csv")).unwrap();
    let mut lines = text.lines();
    let heads: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        let fields = heads.iter().zip(line.split(','));
        let fields = fields.map(|(&head, field)| (head.to_owned(), field.to_owned()));
        let row: BTreeMap<String, String> = fields.collect();
        let name = Path::new(&row["run"]).file_name().unwrap().to_str();
        (name.unwrap().to_owned(), row)
    };
    lines.map(row).collect()
}

fn written(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

#[test]
fn a_sweep_does_every_run_once_and_a_comparison_shows_the_same() {
    let folder = here();
    let here = folder.path();
    let sweep = here.join("all");
    let args = format!("sweep {SMALL} --methods dense,snip --sparsities 0.5,0.9 --out all --json");
    let table = wgprune(here, &args).json();
    let rows = summary(&sweep);
    assert_eq!(rows.len(), 6, "{rows:?}");
    for (name, row) in &rows {
        assert_eq!(
            (&row["state"][..], &row["steps"][..]),
            ("done", "6"),
            "{name}"
        );
        let weights = sweep.join("runs").join(name).join("final.safetensors");
        assert!(weights.is_file(), "{name}");
    }
    let groups: Vec<[&Value; 4]> = (table.as_array().unwrap().iter())
        .map(|row| ["method", "sparsity", "done", "runs"].map(|key| &row[key]))
        .collect();
    let two = Value::from(2);
    let expected = [
        ("dense", Value::Null),
        ("snip", 0.5.into()),
        ("snip", 0.9.into()),
    ];
    assert_eq!(groups.len(), expected.len());
    for (group, (method, sparsity)) in groups.iter().zip(&expected) {
        assert_eq!(*group, [&Value::from(*method), sparsity, &two, &two]);
    }

    // The same once more does nothing, and one more seed does what is missing.
    let weights = sweep.join("runs/lenet-300-100-mnist-mini-snip-0.9-seed-1/final.safetensors");
    let before = written(&weights);
    assert_eq!(wgprune(here, &args).json(), table);
    let more = wgprune(here, &args.replace("0,1", "0,1,2")).json();
    assert_eq!(more[2]["done"], 3);
    assert_eq!(written(&weights), before);

    // One row for each run, the same as those of the runs themselves.
    assert_eq!(wgprune(here, "compare all --json").json(), more);
    let csv = wgprune(here, "compare all --csv").stdout;
    assert_eq!(csv.lines().count(), 1 + 9);
    let text = wgprune(here, "compare all").stdout;
    assert_eq!(text.lines().count(), 1 + 3, "{text}");
    assert!(
        text.contains("compression") && !text.contains("validation"),
        "{text}"
    );

    // A run is what its configuration says: one of them again, by itself.
    let run = "lenet-300-100-mnist-mini-snip-0.9-seed-0";
    let alone = format!("train --config all/configs/{run}.toml --out alone --json");
    let alone = wgprune(here, &alone).json();
    let row: f64 = rows[run]["test_accuracy"].parse().unwrap();
    assert_eq!(alone["test_accuracy"], row);
}

#[test]
fn parts_of_a_sweep_make_the_whole_whoever_does_them() {
    let folder = here();
    let here = folder.path();
    fs::write(
        here.join("grid.toml"),
        "models = [\"lenet-300-100\"]\nmethods = [\"random\", \"agp\"]\nseeds = [0, 1]\n",
    )
    .unwrap();
    let args = "sweep --grid grid.toml --set train.batch=32 --steps 3 --out parts";
    let states = || -> Vec<String> {
        let rows = summary(&here.join("parts"));
        rows.values().map(|row| row["state"].clone()).collect()
    };
    let first = wgprune(here, &format!("{args} --shard 1/3 --jobs 2"));
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert_eq!(states().iter().filter(|state| *state == "done").count(), 2);
    assert_eq!(
        states().iter().filter(|state| *state == "missing").count(),
        2
    );
    // Both at once, as an array starts them.
    std::thread::scope(|scope| {
        for task in ["4", "5"] {
            let slurm = [
                ("SLURM_ARRAY_TASK_ID", task),
                ("SLURM_ARRAY_TASK_MIN", "3"),
                ("SLURM_ARRAY_TASK_COUNT", "3"),
            ];
            scope.spawn(move || {
                let words: Vec<&str> = args.split(' ').collect();
                let part = wgprune_with(here, &slurm, &words);
                assert_eq!(part.code, Some(0), "{}", part.stderr);
            });
        }
    });
    // Whoever ended last saw the other's runs, or began before they were done.
    let whole = wgprune(here, &format!("{args} --shard 2/3"));
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);
    assert_eq!(states(), ["done"; 4]);
}

#[test]
fn a_run_that_fails_is_noted_and_the_others_go_on() {
    let folder = here();
    let here = folder.path();
    // This network has no layer that the first method prunes.
    let args = format!("sweep {SMALL} --methods one-cycle,agp --out some --sparsities 0.9");
    let sweep = wgprune(here, &args);
    assert_eq!(sweep.code, Some(1), "{}", sweep.stderr);
    let why = "failed: prune.exclude leaves no layer";
    assert!(sweep.stderr.contains(why), "{}", sweep.stderr);
    let states = summary(&here.join("some"));
    let states: Vec<&str> = states.values().map(|row| &row["state"][..]).collect();
    assert_eq!(states, ["done", "done", "failed", "failed"]);

    let diverges =
        format!("sweep {SMALL} --methods agp --out far --set learning_rate.initial=1000");
    let sweep = wgprune(here, &diverges);
    assert_eq!(sweep.code, Some(1), "{}", sweep.stderr);
    assert!(
        sweep.stderr.contains("2 of 2 runs failed"),
        "{}",
        sweep.stderr
    );
    let rows = summary(&here.join("far"));
    let is_told = |row: &BTreeMap<String, String>| {
        row["state"] == "failed" && row["error"].contains("not finite")
    };
    assert!(rows.values().all(is_told), "{rows:?}");
}

#[test]
fn what_no_sweep_can_do_is_refused_before_any_run() {
    let folder = here();
    let here = folder.path();
    fs::write(here.join("grid.toml"), "method = [\"agp\"]\n").unwrap();
    fs::write(here.join("half.toml"), "seeds = [0, 1.5]\n").unwrap();
    fs::write(here.join("word.toml"), "sparsities = \"0.9\"\n").unwrap();
    for (args, parts) in [
        ("sweep --methods agb", ["agb", "did you mean agp?"]),
        ("sweep --sparsities 0.9,1.0", ["prune.sparsity", "1"]),
        ("sweep --methods agp,agp", ["agp twice", "once"]),
        ("sweep --methods dense --seeds 0,0", ["seeds", "0 twice"]),
        ("sweep --shard 5/4", ["5/4", "from 1/4 to 4/4"]),
        (
            "sweep --grid grid.toml",
            ["no key method", "did you mean methods?"],
        ),
        (
            "sweep --grid word.toml",
            ["sparsities is \"0.9\"", "sparsities = [0.9, 0.95]"],
        ),
        (
            "sweep --grid half.toml",
            ["one of seeds is 1.5", "seeds = [0, 1, 2]"],
        ),
        ("sweep --data mnst", ["\"mnst\"", "mnist"]),
        ("sweep --grid none.toml", ["none.toml", "methods ="]),
        ("compare none", ["no run in none", "such as runs"]),
    ] {
        assert_command_refused(here, args, 2, &parts);
    }
    assert!(!here.join("sweep").exists(), "nothing was begun");

    // Other settings in the same folder, and a folder that another process works on.
    let args = format!("sweep {SMALL} --methods random --out taken");
    assert_eq!(wgprune(here, &args).code, Some(0));
    let other = args.replace("--steps 6", "--steps 7");
    assert_command_refused(here, &other, 2, &["other settings", "--out DIR"]);
    let lock = here.join("taken/shard-1-of-1/lock");
    let file = fs::File::options()
        .read(true)
        .write(true)
        .open(&lock)
        .unwrap();
    file.lock().unwrap();
    assert_command_refused(here, &args, 1, &["is in use by", "wait"]);
    // Another part may have the same runs.
    let half = format!("{args} --shard 1/2");
    assert_command_refused(here, &half, 1, &["shard-1-of-1 is in use by", "wait"]);
    drop(file);
    assert_eq!(wgprune(here, &half).code, Some(0));
}

/// A sweep of one long run that has begun, and the folder of the run.
#[cfg(unix)]
fn long_sweep(here: &Path) -> (std::process::Child, std::path::PathBuf) {
    let args = "sweep --models lenet-300-100 --epochs 500 --methods agp --out long";
    let args: Vec<&str> = args.split(' ').collect();
    let mut sweep = program::program(here, &args);
    // A group of its own, as a shell gives it.
    std::os::unix::process::CommandExt::process_group(&mut sweep, 0);
    let mut sweep = sweep.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let run = here.join("long/runs/lenet-300-100-mnist-mini-agp-0.9-seed-0");
    let begun = run.join("checkpoints/last");
    for _ in 0..600 {
        if begun.exists() {
            return (sweep, run);
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let _ = sweep.kill();
    let _ = sweep.wait();
    panic!("the run does not begin");
}

#[cfg(unix)]
fn kill(signal: &str, process: &str) {
    let killed = std::process::Command::new("kill")
        .args([signal, "--", process])
        .status();
    assert!(killed.unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_signal_to_the_sweep_or_to_all_of_its_group_saves_its_runs() {
    for (signal, group, code) in [("-TERM", "", 143), ("-INT", "-", 130)] {
        let folder = here();
        let (sweep, run) = long_sweep(folder.path());
        kill(signal, &format!("{group}{}", sweep.id()));
        let output = sweep.wait_with_output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains("the sweep was stopped"), "{text}");
        let record = fs::read_to_string(run.join("run.json")).unwrap();
        assert!(record.contains("\"interrupted\""), "{record}");
    }
}

#[cfg(unix)]
#[test]
fn a_run_whose_process_is_killed_has_failed() {
    let folder = here();
    let (sweep, run) = long_sweep(folder.path());
    let process = fs::read_to_string(run.join("lock")).unwrap();
    kill("-KILL", process.trim());
    let output = sweep.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("its process ended with signal: 9"), "{text}");
    let row = summary(&folder.path().join("long"));
    assert!(row.values().all(|row| row["state"] == "failed"), "{row:?}");
}

#[test]
fn shards_that_start_together_do_not_disturb_each_other() {
    let folder = here();
    let here = folder.path();
    let seeds: Vec<String> = (0..40).map(|seed| seed.to_string()).collect();
    let seeds = seeds.join(",");
    std::thread::scope(|scope| {
        for part in 1..=4 {
            // No such adapter, so that every run ends at once.
            let args = format!("sweep --seeds {seeds} --out race --device nosuch --shard {part}/4");
            scope.spawn(move || {
                let part = wgprune(here, &args);
                assert_eq!(part.code, Some(1), "{}", part.stderr);
            });
        }
    });
    let rows = summary(&here.join("race"));
    assert_eq!(rows.len(), 40);
    assert!(
        rows.values().all(|row| row["state"] == "failed"),
        "{rows:?}"
    );
}

#[test]
fn a_damaged_run_stops_no_other_and_what_never_began_is_begun_again() {
    let folder = here();
    let here = folder.path();
    let args = format!("sweep {SMALL} --methods agp --out some");
    assert_eq!(wgprune(here, &args).code, Some(0));
    let run = |seed: u32| {
        here.join(format!(
            "some/runs/lenet-300-100-mnist-mini-agp-0.9-seed-{seed}"
        ))
    };
    fs::write(run(0).join("run.json"), "{").unwrap();
    // As a process leaves it that is killed while it makes the folder.
    fs::remove_file(run(1).join("run.json")).unwrap();
    let again = wgprune(here, &args);
    assert_eq!(again.code, Some(1), "{}", again.stderr);
    let rows = summary(&here.join("some"));
    let states: Vec<&str> = rows.values().map(|row| &row["state"][..]).collect();
    assert_eq!(states, ["failed", "done"], "{}", again.stderr);
    let compared = wgprune(here, "compare some some some/runs");
    assert_eq!(compared.code, Some(0), "{}", compared.stderr);
    assert!(
        compared.stderr.contains("seed-0 is left out"),
        "{}",
        compared.stderr
    );
    assert!(
        compared
            .stdout
            .lines()
            .nth(1)
            .unwrap()
            .contains("agp     1 "),
        "{}",
        compared.stdout
    );
}

#[test]
fn a_run_that_is_refused_by_now_is_left_out_of_the_summary() {
    let folder = here();
    let here = folder.path();
    let command =
        "sweep --models lenet-300-100 --methods dense --steps 2 --set train.batch=32 --out all";
    assert_eq!(wgprune(here, command).code, Some(0));
    let old = "[prune]\nmethod = \"random\"\ncontrol = \"shuffle\"\n";
    fs::write(here.join("all/configs/old.toml"), old).unwrap();
    let again = wgprune(here, command);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(
        again.stderr.contains("old.toml is left out of the summary"),
        "{}",
        again.stderr
    );
    assert_eq!(summary(&here.join("all")).len(), 1);
}
