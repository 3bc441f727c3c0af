//! Bad input: one clear message that names the thing and the remedy, the right exit code, and no panic.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;

use program::{
    SMALL, assert_command_refused, assert_refused, file, here, idx, short_run, small_run, weights,
    wgprune, wgprune_into, wgprune_with, write_digits,
};
use std::fs;

#[test]
fn wrong_names_and_values_are_refused_with_the_remedy() {
    let folder = here();
    let cases: &[(&str, &[&str])] = &[
        ("--model lenet5", &["lenet5", "did you mean", "lenet-5"]),
        (
            "--data mnist-mimi",
            &["mnist-mimi", "did you mean mnist-mini"],
        ),
        (
            "--set prune.sparisty=0.5",
            &["prune.sparisty", "did you mean prune.sparsity"],
        ),
        ("--set prune=0.5", &["prune is a section", "prune.sparsity"]),
        (
            "--set prune=0.5 --sparsity 0.5",
            &["prune.sparsity cannot be set", "not prune itself"],
        ),
        ("--set optimiser.epsilon=0", &["at least 1e-30"]),
        ("--set train.length=soon", &["soon", "10ep"]),
        (
            "--set prune.scope=globl",
            &["prune.scope is \"globl\"", "did you mean global?"],
        ),
        (
            "--method snip --autos-model regressor.safetensors",
            &["snip has no score that is learned", "--method autos"],
        ),
        (
            "--method snip --set prune.biases=true --set prune.scope=layer",
            &["prune.biases is true", "prune.scope"],
        ),
        ("--set optimiser.kind=rmsprop", &["rmsprop", "adam"]),
        ("--set prune.every=0it", &["prune.every is 0it", "1it"]),
        ("--sparsity 1", &["prune.sparsity is 1", "below 1"]),
        ("--sparsity -0.1", &["prune.sparsity is -0.1", "at least 0"]),
        ("--sparsity nan", &["prune.sparsity is NaN"]),
        ("--set train.batch=0", &["train.batch is 0", "at least 1"]),
        ("--batch 6001", &["6001", "6000 training images", "--batch"]),
        (
            "--batch 100 --set data.validation=5950",
            &["batch of 100", "50 training images"],
        ),
        ("--set data.validation=6000", &["data.validation", "6000"]),
        ("--set train.length=0ep", &["0ep", "at least 1"]),
        ("--set train.length=0it", &["0it", "at least 1"]),
        ("--lr -1", &["learning_rate.initial is -1", "at least 0"]),
        (
            "--steps 20 --set prune.end=21it",
            &["step 0 to step 21 of 20", "prune.end"],
        ),
        (
            "--steps 20 --set prune.start=90%",
            &["step 18 to step 15", "prune.start"],
        ),
        (
            "--set data.brightness=1.1",
            &["data.brightness is 1.1", "at most 1"],
        ),
        (
            "--set data.contrast=-1",
            &["data.contrast is -1", "at least 0"],
        ),
        (
            "--set data.saturation=2",
            &["data.saturation is 2", "at most 1"],
        ),
        ("--set data.hue=0.6", &["data.hue is 0.6", "at most 0.5"]),
        ("--set data.erase=nan", &["data.erase is NaN", "at most 1"]),
        (
            "--set data.erase_fill=red",
            &["erase_fill", "red", "black", "mean"],
        ),
        ("--config missing.toml", &["missing.toml", "TOML"]),
    ];
    for (args, parts) in cases {
        assert_command_refused(folder.path(), &format!("train {args}"), 2, parts);
    }
    assert_command_refused(
        folder.path(),
        "show lenet-6",
        2,
        &["lenet-6", "did you mean"],
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "a refused run left files"
    );
}

#[test]
fn flags_that_cannot_be_parsed_are_refused() {
    for (args, part) in [
        ("train --set sparsity", "KEY=VALUE"),
        ("train --set =5", "no key"),
        ("train --epochs many", "'many' for '--epochs <E>'"),
        ("train --epochs -1", "a whole number from 1 to 4294967295"),
        ("train --steps 1.5", "a whole number from 1 to 4294967295"),
        ("train --steps 0", "a whole number from 1 to 4294967295"),
        ("train --batch 0", "a whole number from 1 to 65536"),
        ("train --batch 4294967296", "from 1 to 65536"),
        ("train --lr fast", "write a number"),
        ("train --seed -1", "from 0 to 9223372036854775807"),
        (
            "train --seed 9223372036854775808",
            "from 0 to 9223372036854775807",
        ),
        ("train --epochs 1 --steps 1", "--steps"),
        ("train --speed", "--speed"),
        ("trian", "train"),
        ("eval", "FILE"),
        ("show lenet-5 --batch 0", "a whole number from 1 to 65536"),
        ("show lenet-5 --batch 4000000000", "from 1 to 65536"),
        ("eval weights.safetensors --batch -1", "from 1 to 65536"),
        ("train --device ", "a value is required for '--device"),
    ] {
        assert_command_refused(here().path(), args, 2, &[part]);
    }
}

#[test]
fn a_broken_configuration_is_refused_with_its_line() {
    let folder = here();
    fs::write(folder.path().join("bad.toml"), "seed = 1\nmodel = lenet\n").unwrap();
    assert_command_refused(
        folder.path(),
        "train --config bad.toml",
        2,
        &["bad.toml", "line 2"],
    );
    fs::write(folder.path().join("key.toml"), "[train]\nbach = 1\n").unwrap();
    fs::write(folder.path().join("section.toml"), "train = 5\n").unwrap();
    assert_command_refused(
        folder.path(),
        "train --config section.toml --steps 5",
        2,
        &["section.toml: train is a section", "train.length"],
    );
    let parts = ["key.toml", "train.bach", "train.batch"];
    assert_command_refused(folder.path(), "train --config key.toml", 2, &parts);
}

#[test]
fn missing_and_damaged_data_is_refused() {
    let folder = here();
    let missing = ["nowhere", "--data-root", "does not exist"];
    assert_command_refused(
        folder.path(),
        "train --data mnist --data-root nowhere",
        4,
        &missing,
    );
    assert_command_refused(
        folder.path(),
        "train --data ./nowhere",
        4,
        &["./nowhere", "t10k-labels"],
    );

    let digits = folder.path().join("digits");
    write_digits(&digits, 4);
    let labels = digits.join("train-labels-idx1-ubyte");
    for (bytes, why) in [
        (idx(&[4], &[0, 1]), "ends early"),
        (idx(&[4], &[0, 1, 2, 10]), "label 10"),
        (idx(&[3], &[0, 1, 2]), "3 labels"),
        (b"<!DOCTYPE html>".to_vec(), "web page"),
        (Vec::new(), "header"),
    ] {
        fs::write(&labels, bytes).unwrap();
        assert_command_refused(
            folder.path(),
            "train --data digits",
            4,
            &["train-labels", why],
        );
    }
}

#[test]
fn a_run_that_diverges_is_stopped_with_the_step_and_the_remedy() {
    let folder = here();
    let run = wgprune(folder.path(), &format!("train {SMALL} --lr 1000"));
    assert_refused(&run, 7, &["is not finite at step", "lower --lr"]);
}

#[test]
fn a_wrong_device_is_refused_with_those_that_exist() {
    let folder = here();
    let list = wgprune(folder.path(), "devices --json").json();
    let name = list[0]["name"].as_str().unwrap();
    for selector in ["voodoo", "99"] {
        let args = format!("train --device {selector}");
        assert_refused(
            &wgprune(folder.path(), &args),
            3,
            &[selector, name, "--device"],
        );
    }
}

#[test]
fn without_an_adapter_the_message_names_the_package() {
    let list = wgprune(here().path(), "devices --json").json();
    let backends = list.as_array().unwrap();
    if !backends
        .iter()
        .all(|adapter| adapter["backend"] == "vulkan")
    {
        eprintln!("skipped: only Vulkan adapters can be hidden");
        return;
    }
    let folder = here();
    let hidden = [
        ("VK_DRIVER_FILES", "/nonexistent/driver.json"),
        ("VK_ICD_FILENAMES", "/nonexistent/driver.json"),
    ];
    let run = wgprune_with(folder.path(), &hidden, &["train"]);
    assert_refused(
        &run,
        3,
        &["no usable graphics adapter", "mesa-vulkan-drivers"],
    );
    assert_eq!(
        wgprune_with(folder.path(), &hidden, &["devices", "--json"]).stdout,
        "[]\n"
    );
    let shown = wgprune_with(folder.path(), &hidden, &["show", "lenet-5"]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "a refused run left files"
    );
}

#[test]
fn a_folder_that_cannot_be_written_or_holds_a_run_is_refused() {
    let folder = here();
    fs::write(folder.path().join("file"), "").unwrap();
    let args = format!("train {SMALL} --out file/run");
    assert_refused(&wgprune(folder.path(), &args), 8, &["file/run", "--out"]);
    let args = format!("train {SMALL} --out file");
    assert_command_refused(folder.path(), &args, 8, &["file is not a folder", "--out"]);

    let interrupted = folder.path().join("interrupted");
    fs::create_dir(&interrupted).unwrap();
    fs::write(interrupted.join("metrics.jsonl"), "kept").unwrap();
    let args = format!("train {SMALL} --out interrupted");
    let parts = ["interrupted holds a run already", "metrics.jsonl", "--out"];
    assert_command_refused(folder.path(), &args, 8, &parts);
    let metrics = fs::read_to_string(interrupted.join("metrics.jsonl")).unwrap();
    assert_eq!(metrics, "kept");

    let taken = file(small_run(), "");
    let before = weights(small_run());
    let args = format!("train {SMALL} --out {}", taken.display());
    assert_command_refused(folder.path(), &args, 8, &["holds a run already", "--out"]);
    assert!(
        before == weights(small_run()),
        "the refused run changed the other one"
    );
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure_unless_its_reader_left() {
    let Ok(full) = fs::File::create("/dev/full") else {
        eprintln!("skipped: there is no /dev/full");
        return;
    };
    let run = wgprune_into(full.into(), "show lenet-5");
    assert_refused(&run, 8, &["standard output", "make room"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let run = wgprune_into(writer.into(), "show lenet-5");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn weights_that_do_not_fit_are_refused_with_every_difference() {
    let folder = here();
    assert_command_refused(
        folder.path(),
        "eval missing.safetensors",
        4,
        &["missing.safetensors"],
    );
    fs::write(
        folder.path().join("text.safetensors"),
        "these are no weights",
    )
    .unwrap();
    let no_file = ["text.safetensors", "no safetensors file"];
    assert_command_refused(folder.path(), "eval text.safetensors", 4, &no_file);

    let bytes = weights(small_run());
    fs::write(
        folder.path().join("half.safetensors"),
        &bytes[..bytes.len() / 2],
    )
    .unwrap();
    let half = ["half.safetensors", "no safetensors file"];
    assert_command_refused(
        folder.path(),
        "eval half.safetensors --model lenet-300-100",
        4,
        &half,
    );

    fs::write(folder.path().join("other.safetensors"), bytes).unwrap();
    let differences = [
        "fc3.weight is not part of lenet-5",
        "fc3.bias is not part of lenet-5",
        "conv1.weight is missing",
        "conv2.bias is missing",
        "fc1.weight is F32 [300, 784], not F32 [500, 800]",
        "fc2.weight is F32 [100, 300], not F32 [10, 500]",
        "add --model lenet-300-100",
    ];
    assert_command_refused(folder.path(), "eval other.safetensors", 4, &differences);
}

#[test]
fn a_batch_that_does_not_fit_the_adapter_is_refused_before_the_first_step() {
    let run = short_run();
    if run.1["adapter"]["device_type"] != "cpu" {
        eprintln!("skipped: a large GPU may have room for it");
        return;
    }
    let folder = here();
    // All embedded images at once are too many only where a buffer ends at 128 MiB.
    if run.1["adapter"]["name"]
        .as_str()
        .unwrap()
        .contains("llvmpipe")
    {
        let refused = wgprune(folder.path(), "train --batch 6000 --steps 1");
        assert_refused(&refused, 6, &["MiB", "one buffer may have", "--batch"]);
    }
    let path = file(run, "final.safetensors");
    let refused = wgprune(
        folder.path(),
        &format!("eval {} --batch 65536", path.display()),
    );
    assert_refused(&refused, 6, &["MiB", "--batch"]);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "a refused run left files"
    );
}
