//! The program as a user meets it: output, files, exit codes and messages.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use safetensors::SafeTensors;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};
use tempfile::TempDir;

/// What a command left behind.
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        assert_eq!(self.stdout.lines().count(), 1, "{}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// Runs the program in `folder`, with the environment of the tests less what would change its answers.
fn wgprune_with(folder: &Path, variables: &[(&str, &str)], args: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_wgprune"))
        .args(args)
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .env_remove("WGPRUNE_DATA")
        // Without a desktop, this layer of Mesa writes lines of its own to standard error.
        .env("NODEVICE_SELECT", "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let run = Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(!run.stderr.contains("panicked"), "{args:?}: {}", run.stderr);
    run
}

fn wgprune(folder: &Path, args: &str) -> Run {
    wgprune_with(folder, &[], &args.split(' ').collect::<Vec<_>>())
}

/// The command fails with this code, nothing on standard output, and one message that has all of `parts`.
fn assert_refused(run: &Run, code: i32, parts: &[&str]) {
    let Run { stdout, stderr, .. } = run;
    assert_eq!(run.code, Some(code), "{stderr}");
    assert_eq!(stdout, "");
    let messages = stderr.lines().filter(|line| line.starts_with("error: "));
    assert_eq!(messages.count(), 1, "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "{part:?} is not in: {stderr}");
    }
}

/// The words of a command line, refused as [`assert_refused`] has it, and with `--json` in one line of JSON.
fn assert_command_refused(folder: &Path, args: &str, code: i32, parts: &[&str]) {
    assert_refused(&wgprune(folder, args), code, parts);
    let with_json = wgprune(folder, &format!("{args} --json"));
    assert_eq!(with_json.code, Some(code), "{}", with_json.stderr);
    assert_eq!(with_json.stdout.lines().count(), 1, "{}", with_json.stdout);
    let line: Value = serde_json::from_str(&with_json.stdout).unwrap();
    assert_eq!(line["error"]["code"], code);
    let text = format!("{}\n{}", line["error"]["what"], line["error"]["help"]).replace('\\', "");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

/// One short run in a folder of its own, started one at a time since each takes all cores.
fn train(args: &str) -> (TempDir, Value) {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let run = wgprune(folder.path(), &format!("train --json --out run {args}"));
    (folder, run.json())
}

const SHORT: &str = "--steps 12 --batch 32";
const SMALL: &str = "--steps 12 --batch 32 --model lenet-300-100";

/// The run that several tests look at.
fn short_run() -> &'static (TempDir, Value) {
    static RUN: OnceLock<(TempDir, Value)> = OnceLock::new();
    RUN.get_or_init(|| train(SHORT))
}

/// The run of the smaller network, for what does not depend on the network.
fn small_run() -> &'static (TempDir, Value) {
    static RUN: OnceLock<(TempDir, Value)> = OnceLock::new();
    RUN.get_or_init(|| train(SMALL))
}

fn file(run: &(TempDir, Value), name: &str) -> PathBuf {
    run.0.path().join("run").join(name)
}

fn weights(run: &(TempDir, Value)) -> Vec<u8> {
    fs::read(file(run, "final.safetensors")).unwrap()
}

/// The lines of `metrics.jsonl` without their times.
fn metrics(run: &(TempDir, Value)) -> Vec<Value> {
    let text = fs::read_to_string(file(run, "metrics.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            line.as_object_mut().unwrap().remove("seconds");
            line
        })
        .collect()
}

/// Name, shape, elements and zeros of every tensor, by name.
fn tensors(bytes: &[u8]) -> Vec<(String, Vec<usize>, usize, usize)> {
    let file = SafeTensors::deserialize(bytes).unwrap();
    let mut list: Vec<_> = file
        .tensors()
        .into_iter()
        .map(|(name, view)| {
            let values = view.data().as_chunks::<4>().0;
            let zeros = values
                .iter()
                .filter(|&&value| f32::from_le_bytes(value) == 0.0)
                .count();
            (name, view.shape().to_vec(), values.len(), zeros)
        })
        .collect();
    list.sort();
    list
}

/// Zeros among the weights proper; biases are never pruned.
fn zeros(bytes: &[u8]) -> usize {
    let list = tensors(bytes);
    let weights = list.iter().filter(|(name, ..)| name.ends_with(".weight"));
    weights.map(|(.., zeros)| zeros).sum()
}

fn here() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn help_names_the_commands_and_the_exit_codes() {
    let run = wgprune(here().path(), "--help");
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    for word in [
        "train",
        "eval",
        "show",
        "devices",
        "Exit codes",
        "3 adapter",
    ] {
        assert!(run.stdout.contains(word), "{word}");
    }
    for command in ["train", "eval", "show", "devices"] {
        let run = wgprune(here().path(), &format!("{command} --help"));
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn devices_lists_adapters_in_one_line_of_json() {
    let list = wgprune(here().path(), "devices --json").json();
    let list = list.as_array().unwrap();
    assert!(
        !list.is_empty(),
        "these tests need an adapter; a software one will do: apt-get install mesa-vulkan-drivers libvulkan1"
    );
    for (index, adapter) in list.iter().enumerate() {
        assert_eq!(adapter["index"], index);
        for field in ["name", "backend", "driver", "device_type"] {
            assert!(adapter[field].is_string(), "{adapter}");
        }
    }
    let plain = wgprune(here().path(), "devices");
    assert_eq!(plain.stdout.lines().count(), list.len());
}

#[test]
fn show_counts_what_the_papers_count() {
    let folder = here();
    for (model, parameters, prunable, macs) in [
        ("lenet-5", 431_080, 430_500, 2_293_000),
        ("lenet-300-100", 266_610, 266_200, 266_200),
    ] {
        let shown = wgprune(folder.path(), &format!("show {model} --json")).json();
        assert_eq!(shown["parameters"], parameters);
        assert_eq!(shown["prunable_weights"], prunable);
        assert_eq!(shown["macs"], macs);
        let layers = shown["layers"].as_array().unwrap();
        let sum: u64 = layers
            .iter()
            .map(|l| l["parameters"].as_u64().unwrap())
            .sum();
        assert_eq!(sum, parameters);
    }
    let list = wgprune(folder.path(), "show");
    assert!(list.stdout.contains("lenet-5") && list.stdout.contains("lenet-300-100"));
    assert_eq!(
        wgprune(folder.path(), "show --json").json()[0]["model"],
        "lenet-300-100"
    );
    let plan = wgprune(folder.path(), "show lenet-5").stdout;
    assert!(plan.contains("device memory at batch 128"), "{plan}");
}

#[test]
fn train_prints_every_field_and_keeps_exactly_what_was_asked_for() {
    let run = short_run();
    let json = &run.1;
    for field in ["run_dir", "weights", "model", "data", "method"] {
        assert!(json[field].is_string(), "{field}: {json}");
    }
    for field in [
        "seed",
        "epochs",
        "steps",
        "prunable_weights",
        "kept_weights",
        "peak_device_bytes",
    ] {
        assert!(json[field].is_u64(), "{field}: {json}");
    }
    for field in [
        "test_accuracy",
        "test_loss",
        "sparsity",
        "sparsity_target",
        "train_images_per_second",
        "first_step_seconds",
        "wall_seconds",
    ] {
        assert!(
            json[field].as_f64().is_some_and(f64::is_finite),
            "{field}: {json}"
        );
    }
    for field in ["name", "backend", "driver", "device_type"] {
        assert!(json["adapter"][field].is_string(), "{field}: {json}");
    }
    assert_eq!(json["model"], "lenet-5");
    assert_eq!(json["method"], "progressive");
    assert_eq!((&json["steps"], &json["epochs"]), (&12.into(), &1.into()));
    assert_eq!(
        (&json["prunable_weights"], &json["kept_weights"]),
        (&430_500.into(), &43_050.into())
    );
    assert_eq!(json["sparsity_target"], 0.9);
    assert!(json["first_step_seconds"].as_f64() < json["wall_seconds"].as_f64());

    let bytes = weights(run);
    let named: Vec<_> = tensors(&bytes)
        .into_iter()
        .map(|(name, shape, ..)| (name, shape))
        .collect();
    let wanted: [(&str, &[usize]); 8] = [
        ("conv1.bias", &[20]),
        ("conv1.weight", &[20, 1, 5, 5]),
        ("conv2.bias", &[50]),
        ("conv2.weight", &[50, 20, 5, 5]),
        ("fc1.bias", &[500]),
        ("fc1.weight", &[500, 800]),
        ("fc2.bias", &[10]),
        ("fc2.weight", &[10, 500]),
    ];
    let wanted = wanted.map(|(name, shape)| (name.to_owned(), shape.to_vec()));
    assert_eq!(named, wanted);
    assert_eq!(zeros(&bytes), 430_500 - 43_050);
}

#[test]
fn eval_agrees_with_the_run_that_wrote_the_weights() {
    let run = short_run();
    let path = file(run, "final.safetensors");
    let score = wgprune(here().path(), &format!("eval {} --json", path.display())).json();
    assert_eq!(score["accuracy"], run.1["test_accuracy"]);
    assert_eq!(score["images"], 1000);
    let [loss, printed] = [&score["loss"], &run.1["test_loss"]].map(|v| v.as_f64().unwrap());
    assert!((loss - printed).abs() < 1e-5, "{loss} {printed}");
}

#[test]
fn a_seed_decides_the_run_and_its_configuration_repeats_it() {
    let first = small_run();
    let again = train(SMALL);
    assert!(
        weights(first) == weights(&again),
        "two runs with one seed differ"
    );
    assert_eq!(metrics(first), metrics(&again));

    let config = file(first, "config.toml");
    let fed_back = train(&format!("--config {}", config.display()));
    assert!(
        weights(first) == weights(&fed_back),
        "the saved configuration gives other weights"
    );
    assert_eq!(
        fs::read(config).unwrap(),
        fs::read(file(&fed_back, "config.toml")).unwrap()
    );

    let other = train(&format!("{SMALL} --seed 1"));
    assert!(weights(first) != weights(&other), "the seed has no effect");
    assert_eq!(other.1["seed"], 1);
}

#[test]
fn lenet_5_repeats_itself_too() {
    let first = short_run();
    let again = train(SHORT);
    assert!(
        weights(first) == weights(&again),
        "two runs with one seed differ"
    );
    assert_eq!(metrics(first), metrics(&again));
}

#[test]
fn a_dense_run_keeps_everything() {
    let (_folder, json) = &train(&format!("{SMALL} --method dense"));
    assert_eq!(json["method"], "dense");
    assert_eq!(json["kept_weights"], 266_200);
    assert_eq!(
        (&json["sparsity"], &json["sparsity_target"]),
        (&0.0.into(), &0.0.into())
    );
}

#[test]
fn every_layer_keeps_its_share_under_adam_with_augmentation_and_validation() {
    let run = train(&format!(
        "{SMALL} --sparsity 0.789 --set prune.scope=layer --set optimiser.kind=adam --lr 0.001 \
         --set data.rotation=10 --set data.translation=0.1 --set data.validation=500"
    ));
    // (1 - 0.789) of 235200, 30000 and 1000, to the nearest.
    let wanted = [
        ("fc1.weight", 49_627),
        ("fc2.weight", 6_330),
        ("fc3.weight", 211),
    ];
    let kept: u64 = wanted.iter().map(|(_, kept)| kept).sum();
    assert_eq!(run.1["kept_weights"], kept);
    let lines = metrics(&run);
    let pruned = lines.iter().rfind(|line| line["event"] == "prune").unwrap();
    for (name, kept) in wanted {
        assert_eq!(pruned["kept"][name], kept, "{pruned}");
    }
    let epoch = lines.iter().rfind(|line| line["event"] == "epoch").unwrap();
    assert!(epoch["validation_accuracy"].is_f64(), "{epoch}");
    let steps = lines.iter().filter(|line| line["event"] == "step").count();
    assert_eq!(steps, 12);
}

#[test]
fn quiet_leaves_standard_error_empty_and_results_never_go_there() {
    let path = file(small_run(), "final.safetensors");
    let command = format!("eval {} --model lenet-300-100", path.display());
    let loud = wgprune(here().path(), &command);
    assert!(loud.stderr.contains("adapter: ") && !loud.stderr.contains("accuracy"));
    assert!(loud.stdout.contains("accuracy") && !loud.stdout.contains("adapter: "));
    let quiet = wgprune(here().path(), &format!("{command} --quiet"));
    assert_eq!((quiet.stderr.as_str(), quiet.stdout), ("", loud.stdout));
}

#[test]
fn a_folder_of_the_full_set_is_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !root.join("mnist").is_dir() {
        eprintln!("skipped: there is no folder mnist in {}", root.display());
        return;
    }
    let (_folder, json) = &train(&format!(
        "{SMALL} --data mnist --data-root {}",
        root.display()
    ));
    assert_eq!(
        (&json["data"], &json["kept_weights"]),
        (&"mnist".into(), &26_620.into())
    );
}

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
        ("--set train.length=soon", &["soon", "10ep"]),
        ("--set optimiser.kind=rmsprop", &["rmsprop", "adam"]),
        ("--sparsity 1", &["prune.sparsity is 1", "below 1"]),
        ("--sparsity -0.1", &["prune.sparsity is -0.1", "at least 0"]),
        ("--sparsity nan", &["prune.sparsity is NaN"]),
        ("--batch 0", &["train.batch is 0", "at least 1"]),
        ("--batch 6001", &["6001", "6000 training images", "--batch"]),
        (
            "--batch 100 --set data.validation=5950",
            &["batch of 100", "50 training images"],
        ),
        ("--set data.validation=6000", &["data.validation", "6000"]),
        ("--epochs 0", &["0ep", "at least 1"]),
        ("--steps 0", &["0it", "at least 1"]),
        ("--lr -1", &["learning_rate.initial is -1", "at least 0"]),
        (
            "--steps 20 --set prune.end=21it",
            &["step 0 to step 21 of 20", "prune.end"],
        ),
        (
            "--steps 20 --set prune.start=90%",
            &["step 18 to step 15", "prune.start"],
        ),
        ("--config missing.toml", &["missing.toml", "TOML"]),
    ];
    for (args, parts) in cases {
        assert_command_refused(folder.path(), &format!("train {args}"), 2, parts);
    }
    assert_command_refused(
        folder.path(),
        "show lenet-5 --batch 0",
        2,
        &["train.batch is 0"],
    );
    assert_command_refused(
        folder.path(),
        "show lenet-5 --batch 4000000000",
        2,
        &["65536"],
    );
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
        ("train --epochs many", "many"),
        ("train --epochs 1 --steps 1", "--steps"),
        ("train --speed", "--speed"),
        ("trian", "train"),
        ("eval", "FILE"),
    ] {
        assert_refused(&wgprune(here().path(), args), 2, &[part]);
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
    let parts = ["key.toml", "train.bach", "train.batch"];
    assert_command_refused(folder.path(), "train --config key.toml", 2, &parts);
}

/// An IDX file of u8 values.
fn idx(dimensions: &[u32], values: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, u8::try_from(dimensions.len()).unwrap()];
    file.extend(dimensions.iter().flat_map(|n| n.to_be_bytes()));
    file.extend(values);
    file
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
    fs::create_dir(&digits).unwrap();
    for (name, bytes) in [
        ("train-images-idx3-ubyte", idx(&[4, 28, 28], &[7; 4 * 784])),
        ("train-labels-idx1-ubyte", idx(&[4], &[0, 1, 2, 3])),
        ("t10k-images-idx3-ubyte", idx(&[1, 28, 28], &[7; 784])),
        ("t10k-labels-idx1-ubyte", idx(&[1], &[9])),
    ] {
        fs::write(digits.join(name), bytes).unwrap();
    }
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
        "--model",
    ];
    assert_command_refused(folder.path(), "eval other.safetensors", 4, &differences);
    let zero = "eval other.safetensors --model lenet-300-100 --batch 0";
    assert_command_refused(folder.path(), zero, 2, &["train.batch is 0"]);
}

#[test]
fn a_batch_that_does_not_fit_the_adapter_is_refused_before_the_first_step() {
    let run = short_run();
    if run.1["adapter"]["device_type"] != "cpu" {
        eprintln!("skipped: a large GPU may have room for it");
        return;
    }
    let folder = here();
    let refused = wgprune(folder.path(), "train --batch 6000 --steps 1");
    assert_refused(&refused, 6, &["MiB", "one buffer may have", "--batch"]);
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
