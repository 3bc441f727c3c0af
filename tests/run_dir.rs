//! The folder of a run: what is in it, who may work on it, and on which device.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;

use program::{
    SMALL, assert_command_refused, copy, file, here, json_in, names, small_run, unfinished,
    wgprune, wgprune_with, write_digits,
};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

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
    let (mut again_json, mut once) = (again.json(), small_run().1.clone());
    for summary in [&mut again_json, &mut once] {
        for path in ["run_dir", "weights"] {
            summary.as_object_mut().unwrap().remove(path);
        }
    }
    assert_eq!(again_json, once);
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
fn flags_that_decide_a_run_and_no_checkpoints_at_all_are_refused() {
    for flag in [
        "--model lenet-5",
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

#[test]
fn going_on_keeps_as_many_checkpoints_as_before_and_finds_what_has_moved() {
    let folder = here();
    write_digits(&folder.path().join("digits"), 32);
    let options = "--model lenet-300-100 --data ./digits --batch 16 --epochs 4 --lr 0.001 --keep 9";
    let begun = wgprune(folder.path(), &format!("train {options} --out run"));
    assert_eq!(begun.code, Some(0), "{}", begun.stderr);
    let run = folder.path().join("run");
    let saved = ["last", "step-00000000", "step-00000002", "step-00000004"];
    let saved = [&saved[..], &["step-00000006", "step-00000008"]].concat();
    assert_eq!(names(&run.join("checkpoints")), saved);

    // Two epochs are lost; the data lie elsewhere, and something else lies in an old checkpoint.
    fs::remove_file(run.join("final.safetensors")).unwrap();
    for name in &saved[4..] {
        fs::remove_dir_all(run.join("checkpoints").join(name)).unwrap();
    }
    fs::rename(folder.path().join("digits"), folder.path().join("moved")).unwrap();
    let stranger = run.join("checkpoints/step-00000000/.notebook");
    fs::create_dir(&stranger).unwrap();
    fs::write(stranger.join("note"), "").unwrap();
    let again = wgprune(folder.path(), "train --resume run --data ./moved");
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(names(&run.join("checkpoints")), saved);

    fs::remove_file(run.join("final.safetensors")).unwrap();
    fs::remove_dir_all(run.join("checkpoints/step-00000008")).unwrap();
    let fewer = wgprune(folder.path(), "train --resume run --data ./moved --keep 1");
    assert_eq!(fewer.code, Some(0), "{}", fewer.stderr);
    assert_eq!(names(&run.join("checkpoints")), ["last", "step-00000008"]);

    fs::rename(&run, folder.path().join("it's here")).unwrap();
    let done = ["train", "--resume", "it's here", "--json"];
    let done = wgprune_with(folder.path(), &[], &done).json();
    assert_eq!(done["run_dir"], "it's here");
    let weights = done["weights"].as_str().unwrap();
    assert!(folder.path().join(weights).is_file(), "{weights}");
}
