//! The commands as a user meets them: output, files and what a run leaves behind.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;

use program::{
    SHORT, SMALL, file, here, metrics, short_run, small_run, tensors, train, weights, wgprune,
    write_digits, zeros,
};
use std::fs;
use std::path::Path;
use wgprune::gpu::mebibytes;

#[test]
fn help_names_the_commands_and_the_exit_codes() {
    let run = wgprune(here().path(), "--help");
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    for word in [
        "train",
        "eval",
        "show",
        "devices",
        "selftest",
        "Exit codes",
        "3 adapter",
        "9 self-test",
    ] {
        assert!(run.stdout.contains(word), "{word}");
    }
    for command in ["train", "eval", "show", "devices", "selftest", "data get"] {
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
fn show_and_train_mean_the_same_memory() {
    let shown = wgprune(here().path(), "show lenet-5 --batch 32").stdout;
    // Images as bytes, labels and the order of the samples in four each.
    let data = 7000 * (784 + 4) + 6000 * 4;
    let bytes = short_run().1["peak_device_bytes"].as_u64().unwrap() - data;
    let wanted = format!("without the data set: {}\n", mebibytes(bytes));
    assert!(shown.contains(&wanted), "{wanted} is not in {shown}");
    let json = wgprune(here().path(), "show lenet-5 --batch 32 --json").json();
    assert_eq!(json["device_bytes"], bytes);
    let buffers = json["buffers"].as_object().unwrap().values();
    assert_eq!(
        buffers.filter_map(|bytes| bytes.as_u64()).sum::<u64>(),
        bytes
    );
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

    // A seed whose lower 32 bits are those of the first.
    let other = train(&format!("{SMALL} --seed 4294967296"));
    assert!(weights(first) != weights(&other), "the seed has no effect");
    assert_eq!(other.1["seed"], 4_294_967_296_u64);
}

#[test]
fn the_saved_configuration_repeats_a_run_from_another_folder() {
    let folder = here();
    write_digits(&folder.path().join("sets/mnist"), 64);
    let run_in = |folder: &Path, args: &str| {
        let args = format!("train --out run --batch 16 --steps 9 --model lenet-300-100 {args}");
        assert_eq!(wgprune(folder, &args).code, Some(0), "{args}");
        let read = |name| fs::read(folder.join("run").join(name)).unwrap();
        ["final.safetensors", "config.toml"].map(read)
    };
    for data in ["--data mnist --data-root sets", "--data sets/mnist"] {
        let first = run_in(folder.path(), data);
        let config = folder.path().join("config.toml");
        fs::rename(folder.path().join("run/config.toml"), &config).unwrap();
        fs::remove_dir_all(folder.path().join("run")).unwrap();
        let elsewhere = here();
        let again = run_in(elsewhere.path(), &format!("--config {}", config.display()));
        assert!(first == again, "{data} elsewhere gives another run");
        let text = String::from_utf8(again[1].clone()).unwrap();
        assert!(text.contains("every = \"1it\""), "{text}");
    }
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
