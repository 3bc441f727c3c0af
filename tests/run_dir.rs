//! The folder of a run: what is in it, who may work on it, and what happens when somebody changed it.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;

use program::{
    SMALL, assert_command_refused, assert_same_outcome, file, here, json_in, small_run, wgprune,
    write_digits,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Copies a finished run and makes of it one that was killed after its last checkpoint.
fn unfinished(folder: &Path) -> PathBuf {
    let run = folder.join("run");
    copy(&file(small_run(), ""), &run);
    fs::remove_file(run.join("final.safetensors")).unwrap();
    let record = fs::read_to_string(run.join("run.json")).unwrap();
    fs::write(
        run.join("run.json"),
        record.replace("\"done\"", "\"running\""),
    )
    .unwrap();
    run
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_finished_run_has_every_file_and_resuming_it_prints_its_summary() {
    let run = file(small_run(), "");
    let files = [
        "checkpoints",
        "config.toml",
        "env.json",
        "final.safetensors",
        "lock",
        "log.txt",
        "metrics.jsonl",
        "results.csv",
        "run.json",
    ];
    assert_eq!(names(&run), files);
    assert_eq!(
        names(&run.join("checkpoints")),
        ["last", "step-00000000", "step-00000012"]
    );
    assert_eq!(
        fs::read(run.join("checkpoints/last")).unwrap(),
        b"step-00000012\n"
    );
    let checkpoint = run.join("checkpoints/step-00000012");
    assert_eq!(
        names(&checkpoint),
        ["meta.json", "model.safetensors", "state.safetensors"]
    );
    let read = |path: &Path| fs::read(path).unwrap();
    let model = checkpoint.join("model.safetensors");
    assert!(
        read(&model) == read(&run.join("final.safetensors")),
        "the last checkpoint is the result"
    );
    let state = program::tensors(&read(&checkpoint.join("state.safetensors")));
    let state: Vec<_> = state
        .iter()
        .map(|(name, shape, ..)| (name.as_str(), shape.len()))
        .collect();
    assert_eq!(state.len(), 12);
    assert!(state.contains(&("mask.fc1.weight", 2)) && state.contains(&("velocity.fc3.bias", 1)));

    let record = json_in(&run, "run.json");
    assert_eq!(
        (&record["state"], &record["schema"]),
        (&"done".into(), &1.into())
    );
    assert_eq!(record["summary"], small_run().1);
    let environment = json_in(&run, "env.json");
    assert_eq!(
        environment["adapter"]["name"],
        small_run().1["adapter"]["name"]
    );
    let results = fs::read_to_string(run.join("results.csv")).unwrap();
    let rows: Vec<Vec<&str>> = results
        .lines()
        .map(|row| row.split(',').collect())
        .collect();
    assert_eq!((rows.len(), rows[0].len(), rows[1].len()), (2, 10, 10));
    assert_eq!(
        rows[1][7].parse().ok(),
        small_run().1["test_accuracy"].as_f64()
    );
    let log = fs::read_to_string(run.join("log.txt")).unwrap();
    assert!(
        log.starts_with("adapter: ") && log.contains("\nepoch   1  step     12/12"),
        "{log}"
    );

    let path = run.display();
    let again = wgprune(here().path(), &format!("train --resume {path} --json"));
    assert_eq!(again.json(), small_run().1);
    assert!(
        again.stderr.contains("is done; nothing is left to do"),
        "{}",
        again.stderr
    );
    let plain = wgprune(here().path(), &format!("train --resume {path}"));
    assert!(
        plain.stdout.starts_with("test accuracy "),
        "{}",
        plain.stdout
    );
}

#[test]
fn a_run_goes_on_from_any_of_its_checkpoints() {
    let folder = here();
    let run = unfinished(folder.path());
    let resumed = wgprune(folder.path(), "train --resume run --json");
    assert!(
        resumed.json()["first_step_seconds"].is_null(),
        "no step was left"
    );
    assert_same_outcome(&file(small_run(), ""), &run);

    for (name, change) in [
        ("model.safetensors", Some(1000)),
        ("state.safetensors", None),
        ("meta.json", Some(40)),
    ] {
        fs::remove_dir_all(&run).unwrap();
        unfinished(folder.path());
        let file_of_last = run.join("checkpoints/step-00000012").join(name);
        let mut bytes = fs::read(&file_of_last).unwrap();
        match change {
            Some(at) => bytes[at] ^= 1,
            None => bytes.truncate(bytes.len() - 1),
        }
        fs::write(&file_of_last, bytes).unwrap();
        fs::create_dir(run.join("checkpoints/step-00000013.part")).unwrap();
        let resumed = wgprune(folder.path(), "train --resume run");
        assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
        let said = format!("skipped a checkpoint that is not whole: step-00000012: {name}");
        assert!(resumed.stderr.contains(&said), "{}", resumed.stderr);
        assert!(
            resumed.stderr.contains("going on from step 0\n"),
            "{}",
            resumed.stderr
        );
        assert_same_outcome(&file(small_run(), ""), &run);
        let left = names(&run.join("checkpoints"));
        assert_eq!(left, ["last", "step-00000000", "step-00000012"]);
    }
}

#[test]
fn metrics_that_were_cut_or_changed_send_a_run_back_and_what_follows_a_checkpoint_is_cut_off() {
    let folder = here();
    for (name, change) in [
        ("metrics.jsonl", 0),
        ("metrics.jsonl", 1),
        ("results.csv", 0),
        ("results.csv", 2),
    ] {
        let run = unfinished(folder.path());
        let path = run.join(name);
        let mut bytes = fs::read(&path).unwrap();
        let end = bytes.len() - 3;
        match change {
            0 => bytes.truncate(end),
            1 => bytes[end] ^= 1,
            _ => bytes.extend(b"half a li"),
        }
        fs::write(&path, bytes).unwrap();
        let resumed = wgprune(folder.path(), "train --resume run");
        assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
        let skipped = resumed.stderr.contains(&format!("step-00000012: {name}"));
        assert_eq!(skipped, change < 2, "{}", resumed.stderr);
        assert_same_outcome(&file(small_run(), ""), &run);
        fs::remove_dir_all(&run).unwrap();
    }
}

#[test]
fn a_run_without_a_whole_checkpoint_or_without_a_run_is_refused() {
    let folder = here();
    let run = unfinished(folder.path());
    for step in ["step-00000000", "step-00000012"] {
        fs::remove_file(run.join("checkpoints").join(step).join("meta.json")).unwrap();
    }
    let parts = [
        "no checkpoint of run can be used",
        "step-00000000: meta.json",
        "step-00000012",
        "--config run/config.toml",
    ];
    assert_command_refused(folder.path(), "train --resume run", 4, &parts);
    fs::remove_dir_all(run.join("checkpoints")).unwrap();
    assert_command_refused(
        folder.path(),
        "train --resume run",
        4,
        &["can be used: there is none"],
    );
    fs::write(run.join("run.json"), "{}").unwrap();
    assert_command_refused(
        folder.path(),
        "train --resume run",
        4,
        &["run.json", "damaged"],
    );
    for nowhere in [".", "nowhere"] {
        let args = format!("train --resume {nowhere}");
        assert_command_refused(folder.path(), &args, 2, &["there is no run in", "run.json"]);
    }
}

#[test]
fn flags_that_decide_a_run_and_no_checkpoints_at_all_are_refused() {
    for flag in [
        "--model lenet-5",
        "--data mnist",
        "--data-root x",
        "--method dense",
        "--sparsity 0.5",
        "--epochs 1",
        "--steps 1",
        "--batch 1",
        "--lr 1",
        "--seed 1",
        "--config x",
        "--set seed=1",
        "--out x",
    ] {
        let name = flag.split(' ').next().unwrap();
        let args = format!("train --resume run {flag}");
        assert_command_refused(
            here().path(),
            &args,
            2,
            &["--resume", name, "cannot be used with"],
        );
    }
    for keep in ["0", "-1", "some"] {
        let args = format!("train --keep {keep}");
        assert_command_refused(here().path(), &args, 2, &["a whole number from 1 to"]);
    }
}

#[test]
fn a_changed_configuration_or_changed_data_is_refused() {
    let folder = here();
    write_digits(&folder.path().join("digits"), 32);
    let train = "train --model lenet-300-100 --data ./digits --batch 8 --lr 0.001 --out run";
    assert_eq!(wgprune(folder.path(), train).code, Some(0));
    let run = folder.path().join("run");
    fs::remove_file(run.join("final.safetensors")).unwrap();
    let images = folder.path().join("digits/t10k-images-idx3-ubyte");
    let whole = fs::read(&images).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&images, changed).unwrap();
    let parts = [
        "digits is not what the run began with",
        "--config run/config.toml",
    ];
    assert_command_refused(folder.path(), "train --resume run", 4, &parts);
    fs::write(&images, whole).unwrap();

    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    fs::write(
        run.join("config.toml"),
        config.replace("seed = 0", "seed = 1"),
    )
    .unwrap();
    let parts = [
        "run/config.toml is not what the run began with",
        "put the old one back",
    ];
    assert_command_refused(folder.path(), "train --resume run", 2, &parts);
    fs::write(run.join("config.toml"), config).unwrap();
    assert_eq!(wgprune(folder.path(), "train --resume run").code, Some(0));
}

#[test]
fn another_adapter_is_an_error_unless_asked_for_and_another_driver_is_a_warning() {
    let folder = here();
    let run = unfinished(folder.path());
    let environment = fs::read_to_string(run.join("env.json")).unwrap();
    let facts = json_in(&run, "env.json")["adapter"].clone();
    let [name, driver] = ["name", "driver"].map(|field| facts[field].as_str().unwrap().to_owned());
    fs::write(
        run.join("env.json"),
        environment.replace(&format!("\"{name}\""), "\"Voodoo 2\""),
    )
    .unwrap();
    let parts = ["Voodoo 2", &name, "--device"];
    assert_command_refused(folder.path(), "train --resume run", 3, &parts);
    let resumed = wgprune(folder.path(), "train --resume run --device 0");
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert!(
        resumed
            .stderr
            .contains("warn: the adapter was \"Voodoo 2\""),
        "{}",
        resumed.stderr
    );

    fs::remove_dir_all(&run).unwrap();
    unfinished(folder.path());
    fs::write(
        run.join("env.json"),
        environment.replace(&driver, "driver 0"),
    )
    .unwrap();
    let resumed = wgprune(folder.path(), "train --resume run");
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert!(
        resumed.stderr.contains("warn: the driver was \"driver 0\""),
        "{}",
        resumed.stderr
    );
    assert_eq!(
        fs::read_to_string(run.join("env.json")).unwrap(),
        environment
    );
    assert!(
        fs::read_to_string(run.join("log.txt"))
            .unwrap()
            .contains("warn: the driver was")
    );
}

#[test]
fn a_second_process_is_refused_and_a_lock_that_was_left_behind_is_not_in_the_way() {
    let folder = here();
    let args = "train --model lenet-300-100 --epochs 1000 --out run";
    let args: Vec<&str> = args.split(' ').collect();
    let mut holder = program::program(folder.path(), &args);
    let mut holder = holder
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !folder.path().join("run/checkpoints/last").exists() {
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "no checkpoint came"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    // Windows does not let others read a file that is locked.
    let name = if cfg!(unix) {
        holder.id().to_string()
    } else {
        "another".to_owned()
    };
    let second = wgprune(folder.path(), "train --resume run");
    holder.kill().unwrap();
    holder.wait().unwrap();
    program::assert_refused(&second, 1, &["run is in use by", "process", &name]);
    assert_eq!(
        json_in(&folder.path().join("run"), "run.json")["state"],
        "running"
    );

    let run = folder.path().join("left");
    copy(&file(small_run(), ""), &run);
    fs::write(run.join("lock"), "1\n").unwrap();
    assert_eq!(wgprune(folder.path(), "train --resume left").code, Some(0));
}

#[test]
fn a_run_that_failed_says_so_keeps_its_checkpoint_and_fails_again() {
    let folder = here();
    let args = format!("train {SMALL} --lr 1000 --out run");
    let first = wgprune(folder.path(), &args);
    assert_eq!(first.code, Some(7), "{}", first.stderr);
    let run = folder.path().join("run");
    let record = json_in(&run, "run.json");
    assert_eq!(
        (&record["state"], &record["error"]["code"]),
        (&"failed".into(), &7.into())
    );
    assert!(
        record["error"]["what"]
            .as_str()
            .unwrap()
            .contains("is not finite at step")
    );
    assert_eq!(names(&run.join("checkpoints")), ["last", "step-00000000"]);
    let log = fs::read_to_string(run.join("log.txt")).unwrap();
    assert!(log.contains("\nerror: "), "{log}");
    let again = wgprune(folder.path(), "train --resume run");
    let error = |text: &str| text.split_once("error: ").unwrap().1.to_owned();
    assert_eq!(
        (again.code, error(&again.stderr)),
        (Some(7), error(&first.stderr))
    );
    assert!(
        !again.stderr.contains("is saved"),
        "going on would not help: {}",
        again.stderr
    );
}
