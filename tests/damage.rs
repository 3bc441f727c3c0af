//! A run folder that a crash or a person changed: the run goes on as it would have, or is refused.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;

use program::{
    assert_command_refused, assert_same_outcome, file, here, names, small_run, unfinished, wgprune,
    write_digits,
};
use std::fs;

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
fn a_run_that_was_killed_before_its_first_checkpoint_begins() {
    let folder = here();
    let run = unfinished(folder.path());
    fs::remove_dir_all(run.join("checkpoints")).unwrap();
    fs::create_dir_all(run.join("checkpoints/step-00000000.part")).unwrap();
    for name in ["metrics.jsonl", "results.csv"] {
        fs::write(run.join(name), "").unwrap();
    }
    let resumed = wgprune(folder.path(), "train --resume run");
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert!(
        resumed.stderr.contains("the run had not begun"),
        "{}",
        resumed.stderr
    );
    assert_same_outcome(&file(small_run(), ""), &run);
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
