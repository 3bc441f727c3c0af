//! A tuning file: written by `bench kernel`, and heeded by later runs that name it. No test asks how long anything takes.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;

use program::{Run, assert_refused, assert_same_outcome, here, json_in, wgprune};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use wgprune::config::Config;
use wgprune::gpu::{Choices, Direction, Geometry, Product, Tuning, Workload};
use wgprune::net::{Shape, by_name, compile};
use wgprune::train::settings;

/// Ends a command for one network that is quick to compile.
const SMALL: &str = "--model lenet-300-100 --batch 16";

/// A short run of the same network and batch.
const TRAIN: &str = "train --steps 12 --batch 16 --model lenet-300-100";

fn bench(folder: &Path, args: &str) -> Run {
    wgprune(folder, &format!("bench {args}"))
}

fn succeed(folder: &Path, args: &str) -> Run {
    let run = wgprune(folder, args);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    run
}

/// A tuning file for the default adapter in `folder`.
fn measured(folder: &Path) -> Value {
    let run = bench(
        folder,
        &format!("kernel --repeats 1 {SMALL} --write-tuning tuning.json --json"),
    );
    assert_eq!(run.json()["tuning"]["shapes"], 6);
    json_in(folder, "tuning.json")
}

fn write(folder: &Path, name: &str, file: &Value) {
    fs::write(folder.join(name), file.to_string()).unwrap();
}

/// The file with one kind of product forwards, and another one backwards.
fn mixed(mut file: Value) -> Value {
    for choice in file["adapters"][0]["choices"].as_array_mut().unwrap() {
        let product = match choice["direction"] == "forward" {
            true => "block",
            false => "tiles",
        };
        choice["product"] = product.into();
    }
    file
}

#[test]
fn later_runs_take_the_kernels_of_the_file_and_name_it() {
    let folder = here();
    let folder = folder.path();
    write(folder, "tuning.json", &mixed(measured(folder)));
    let args = format!("layer --repeats 1 {SMALL} --set tuning.file=tuning.json --json");
    let run = bench(folder, &args);
    assert!(
        run.stderr
            .contains("6 of 6 shapes as measured in tuning.json"),
        "{}",
        run.stderr
    );
    let kernels = |line: &Value, name: &str, variant: &str| {
        let layers = line["layers"].as_array().unwrap().iter();
        let labels = layers.flat_map(|layer| layer["kernels"].as_array().unwrap());
        let labels = labels.map(|label| label.as_str().unwrap());
        let own: Vec<&str> = labels.filter(|label| label.starts_with(name)).collect();
        assert!(own.len() >= 2, "{name}: {line}");
        assert!(
            own.iter()
                .all(|label| label.starts_with(&format!("{name}/{variant}"))),
            "{own:?}"
        );
    };
    let line = run.json();
    kernels(&line, "linear_forward", "block");
    kernels(&line, "linear_grad_weight", "tiles");
    kernels(&line, "linear_grad_input", "tiles");

    // A key that names one kind of product goes over the file.
    let run = bench(folder, &format!("{args} --set tuning.product=block"));
    assert!(run.stderr.contains("tuning.product"), "{}", run.stderr);
    kernels(&run.json(), "linear_grad_weight", "block");

    // Another batch is another shape.
    let other = args.replace("--batch 16", "--batch 8");
    let run = bench(folder, &other);
    assert!(run.stderr.contains("0 of 6 shapes"), "{}", run.stderr);

    // Beside the variants, what the file decides.
    let args = format!("kernel --repeats 1 {SMALL} --set tuning.file=tuning.json --json");
    let line = bench(folder, &args).json();
    let kernels = line["kernels"].as_array().unwrap();
    let own = kernels.iter().filter(|row| row["variant"] == "file");
    let labels: Vec<&str> = own.filter_map(|row| row["kernel"].as_str()).collect();
    for kernel in ["linear_forward/block", "linear_grad_weight/tiles"] {
        assert!(labels.iter().any(|label| label.starts_with(kernel)));
    }
}

#[test]
fn a_run_keeps_what_it_read_and_needs_the_file_no_more() {
    let folder = here();
    let folder = folder.path();
    write(folder, "tuning.json", &mixed(measured(folder)));
    let first = succeed(
        folder,
        &format!("{TRAIN} --out run --set tuning.file=tuning.json"),
    );
    let line = "6 of 6 shapes as measured in tuning.json";
    assert!(first.stderr.contains(line), "{}", first.stderr);
    let log = fs::read_to_string(folder.join("run/log.txt")).unwrap();
    assert!(log.contains(line), "{log}");
    let eval = "eval run/final.safetensors --model lenet-300-100 --batch 16";
    let run = succeed(folder, &format!("{eval} --set tuning.file=tuning.json"));
    assert!(run.stderr.contains("3 of 3 shapes"), "{}", run.stderr);

    fs::remove_file(folder.join("tuning.json")).unwrap();
    let again = succeed(folder, "train --config run/config.toml --out again");
    assert!(again.stderr.contains(line), "{}", again.stderr);
    assert_same_outcome(&folder.join("run"), &folder.join("again"));
    let record = fs::read_to_string(folder.join("again/run.json")).unwrap();
    let running = record.replace("\"done\"", "\"running\"");
    fs::write(folder.join("again/run.json"), running).unwrap();
    let resumed = succeed(folder, "train --resume again");
    assert!(resumed.stderr.contains(line), "{}", resumed.stderr);
    assert_same_outcome(&folder.join("run"), &folder.join("again"));

    // To name a file is to read it, and to name none is to have none.
    let other = "train --config run/config.toml --out other --set tuning.file=";
    let missing = wgprune(folder, &format!("{other}tuning.json"));
    assert_refused(&missing, 2, &["tuning.json", "--write-tuning"]);
    let plain = succeed(folder, other);
    assert!(!plain.stderr.contains("kernels:"), "{}", plain.stderr);
}

#[test]
fn what_was_measured_elsewhere_stays_in_the_file_and_is_not_used() {
    let folder = here();
    let folder = folder.path();
    let here = measured(folder);
    let mut file = here.clone();
    for key in ["driver", "processor", "kernels"] {
        file = here.clone();
        file["adapters"][0][key] = "another".into();
        write(folder, "tuning.json", &file);
        let run = succeed(
            folder,
            &format!("bench model --seconds 0 {SMALL} --set tuning.file=tuning.json"),
        );
        let line = "tuning.json has nothing for this adapter";
        assert!(run.stderr.contains(line), "{key}: {}", run.stderr);
    }
    let both = measured(folder);
    assert_eq!(both["adapters"][0], file["adapters"][0]);
    assert_eq!(both["adapters"].as_array().unwrap().len(), 2);
}

#[test]
fn wrong_files_are_refused_before_anything_is_measured() {
    let folder = here();
    let folder = folder.path();
    write(folder, "tuning.json", &json!({"schema": 2}));
    for command in [
        format!("bench kernel {SMALL} --write-tuning tuning.json"),
        format!("bench layer {SMALL} --set tuning.file=tuning.json"),
        format!("{TRAIN} --set tuning.file=tuning.json"),
    ] {
        let parts = ["tuning.json is not a tuning file", "--write-tuning"];
        assert_refused(&wgprune(folder, &command), 2, &parts);
    }
    let kernel = |args: &str| bench(folder, &format!("kernel {SMALL} --write-tuning {args}"));
    assert_refused(&kernel("none/tuning.json"), 8, &["none", "--write-tuning"]);
    assert_refused(
        &kernel("new.json --set tuning.winograd=false"),
        2,
        &["tuning.winograd", "default"],
    );
    assert!(!folder.join("new.json").exists());
}

#[test]
fn a_file_of_version_1_is_refused_until_it_is_measured_again() {
    let folder = here();
    let folder = folder.path();
    let old = json!({"schema": 1, "adapters": [{"name": "llvmpipe", "choices": []}]});
    write(folder, "tuning.json", &old);
    let train = wgprune(folder, &format!("{TRAIN} --set tuning.file=tuning.json"));
    let remedy = "bench kernel --write-tuning tuning.json";
    assert_refused(&train, 2, &["tuning.json", "earlier version", remedy]);
    let run = succeed(folder, &format!("{remedy} --repeats 1 {SMALL}"));
    assert!(run.stderr.contains("begins anew"), "{}", run.stderr);
    let layer = format!("bench layer --repeats 1 {SMALL} --set tuning.file=tuning.json");
    let run = succeed(folder, &layer);
    assert!(run.stderr.contains("6 of 6 shapes"), "{}", run.stderr);
}

/// In a `config.toml` that was edited, and in one of an earlier version.
#[test]
fn what_a_run_keeps_goes_with_the_name_of_its_file() {
    let folder = here();
    let folder = folder.path();
    write(folder, "tuning.json", &mixed(measured(folder)));
    succeed(
        folder,
        &format!("{TRAIN} --out run --set tuning.file=tuning.json"),
    );
    let config = fs::read_to_string(folder.join("run/config.toml")).unwrap();
    let edited = config.replacen("file = \"tuning.json\"", "file = \"other.json\"", 1);
    assert_ne!(edited, config);
    fs::write(folder.join("edited.toml"), edited).unwrap();
    let edited = "train --config edited.toml --out edited";
    assert_refused(&wgprune(folder, edited), 2, &["other.json"]);
    fs::rename(folder.join("tuning.json"), folder.join("other.json")).unwrap();
    let run = succeed(folder, edited);
    let line = "6 of 6 shapes as measured in other.json";
    assert!(run.stderr.contains(line), "{}", run.stderr);
    assert_same_outcome(&folder.join("run"), &folder.join("edited"));

    let old = "[tuning]\nfile = \"other.json\"\n[[tuning.measured]]\nname = \"llvmpipe\"\n";
    fs::write(folder.join("old.toml"), old).unwrap();
    let old = wgprune(folder, "train --config old.toml");
    assert_refused(&old, 2, &["old.toml", "tuning.measured", "remove it"]);
}

/// Winograd's algorithm makes products of its own, which are of the kind that its convolution asks for.
#[test]
fn a_choice_holds_for_its_shape_in_its_direction_only() {
    let net = by_name("resnet-20", Shape { h: 32, w: 32, c: 3 }, 10).unwrap();
    let mut config = Config::default();
    config.train.batch = 4;
    let settings = settings(&config, 32, [16; 2]);
    // The layers of the second stage, and of the third one.
    let conv = |side, c| Geometry::Conv2d {
        n: 4,
        h: side,
        w: side,
        c,
        k: c,
        kernel: 3,
        stride: 1,
        pad: 1,
    };
    let tiles = Tuning {
        product: Product::Tiles { side: 8, each: 8 },
        ..Tuning::PORTABLE
    };
    let plain = Tuning {
        winograd_channels: u32::MAX,
        ..Tuning::PORTABLE
    };
    let [forward, backward] = [Direction::Forward, Direction::Backward];
    let mut choices = Choices::from(Tuning::PORTABLE);
    choices.measured = [
        (Workload(conv(16, 32), forward), tiles),
        (Workload(conv(8, 64), backward), plain),
        (Workload(conv(8, 65), backward), plain),
    ]
    .into();
    let plan = compile(&net, &settings, choices).plan;
    let labels = |workload| -> Vec<String> {
        let dispatches = plan.phases().iter().flat_map(|phase| &phase.dispatches);
        let own = dispatches.filter(|dispatch| dispatch.workload == Some(workload));
        own.map(|dispatch| dispatch.kernel.label()).collect()
    };
    let has = |workload, part: &str| labels(workload).iter().any(|label| label.contains(part));
    for (workload, product, winograd) in [
        (Workload(conv(16, 32), forward), "tiles", true),
        (Workload(conv(16, 32), backward), "block", true),
        (Workload(conv(8, 64), forward), "block", true),
        (Workload(conv(8, 64), backward), "block", false),
    ] {
        let other = ["tiles", "block"].map(|kind| (kind, has(workload, kind)));
        assert!(
            other.iter().all(|&(kind, is)| is == (kind == product)),
            "{workload}: {:?}",
            labels(workload)
        );
        assert_eq!(has(workload, "winograd"), winograd, "{workload}");
    }
    let [known, all] = plan.measured_shapes();
    assert_eq!(known, 2);
    assert!(all > 2);
}
