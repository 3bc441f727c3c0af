//! `wgprune bench`: what it prints can be read, and compared. No test asks how long anything takes.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;

use program::{assert_refused, here, wgprune};
use serde_json::Value;

/// Ends a command for one network that is quick to compile.
const SMALL: &str = "--model lenet-300-100 --batch 16";

fn json(command: &str) -> Value {
    wgprune(here().path(), &format!("bench {command} --json")).json()
}

fn positive(value: &Value) -> f64 {
    let number = value.as_f64().unwrap();
    assert!(number > 0.0 && number.is_finite(), "{value}");
    number
}

#[test]
fn a_model_has_its_speed_first_step_and_memory() {
    let line = json(&format!("model --seconds 0 {SMALL}"));
    let speed = positive(&line["images_per_second"]);
    let by_step = 16.0 / positive(&line["step_seconds"]);
    assert!((speed / by_step - 1.0).abs() < 1e-9);
    assert!(positive(&line["fastest_step_seconds"]) <= positive(&line["step_seconds"]));
    positive(&line["first_step_seconds"]);
    positive(&line["mask_update_seconds"]);
    // Weights, gradients and velocity at least.
    assert!(positive(&line["peak_device_bytes"]) > 3.0 * 4.0 * 266_610.0);
    assert!(line["adapter"]["name"].is_string());
    assert!(line["steps"].as_u64().unwrap() >= 5);
}

#[test]
fn layers_and_kernels_are_those_of_a_training_step() {
    let line = json(&format!("layer --repeats 1 {SMALL}"));
    let layers = line["layers"].as_array().unwrap();
    let of = |phase: &str, layer: &str| {
        let found = layers
            .iter()
            .find(|row| row["phase"] == phase && row["layer"] == layer);
        found.unwrap_or_else(|| panic!("{phase} {layer}: {line}"))
    };
    let sum: f64 = layers.iter().map(|row| positive(&row["seconds"])).sum();
    assert!((sum / positive(&line["seconds"]) - 1.0).abs() < 1e-9);
    // 784 by 300 weights, 16 images, two operations; forwards once, and backwards once as the image has no gradient.
    let operations = 2.0 * 16.0 * 784.0 * 300.0;
    for phase in ["forward", "backward"] {
        let row = of(phase, "fc1");
        let counted = positive(&row["flops_per_second"]) * positive(&row["seconds"]);
        assert!(
            (counted / operations - 1.0).abs() < 1e-6,
            "{phase}: {counted}"
        );
    }
    let row = of("backward", "fc2");
    let counted = positive(&row["flops_per_second"]) * positive(&row["seconds"]);
    assert!((counted / (4.0 * 16.0 * 300.0 * 100.0) - 1.0).abs() < 1e-6);
    of("update", "parameters");

    let line = json(&format!("kernel --repeats 1 {SMALL}"));
    let kernels = line["kernels"].as_array().unwrap();
    let variants = |name: &str| {
        let labels = kernels.iter().filter_map(|row| row["kernel"].as_str());
        labels.filter(|label| label.starts_with(name)).count()
    };
    assert!(variants("linear_forward/block") == 3, "{line}");
    assert!(variants("linear_forward/tiles") == 3, "{line}");
    let names = line["times"]
        .as_array()
        .unwrap()
        .iter()
        .map(|time| time[0].as_str());
    let names: std::collections::BTreeSet<_> = names.collect();
    assert_eq!(names.len(), kernels.len(), "a time to each launch");
    for row in kernels {
        positive(&row["seconds"]);
        positive(&row["bytes"]);
        positive(&row["share_of_ceilings"]);
        assert!(row["device_seconds_trusted"].is_boolean(), "{row}");
    }
    positive(&line["peak_flops_per_second"]);
    positive(&line["peak_bytes_per_second"]);
}

#[test]
fn a_run_is_compared_with_an_earlier_one() {
    let folder = here();
    let bench = |args: &str| {
        wgprune(
            folder.path(),
            &format!("bench model --seconds 0 {SMALL} {args}"),
        )
    };
    let mut base = bench("--json").json();
    let write =
        |base: &Value| std::fs::write(folder.path().join("base.json"), base.to_string()).unwrap();
    // As if it had taken an hour, and then no time at all.
    base["times"] = serde_json::json!([["step", 3600.0], ["mask update", 3600.0]]);
    write(&base);
    let faster = bench("--compare base.json --fail-over 10%");
    assert_eq!(faster.code, Some(0), "{}", faster.stderr);
    assert!(faster.stdout.contains("3600000.000"), "{}", faster.stdout);
    base["times"] = serde_json::json!([["step", 1e-9], ["mask update", 3600.0]]);
    write(&base);
    let slower = bench("--compare base.json --fail-over 10%");
    assert_eq!(slower.code, Some(9));
    assert!(slower.stderr.contains("1 of 2 times"), "{}", slower.stderr);
    base["times"] = serde_json::json!([["step", 3600.0]]);
    write(&base);
    let unmatched = bench("--compare base.json --fail-over 10%");
    assert_eq!(unmatched.code, Some(9));
    assert!(
        unmatched.stderr.contains("mask update"),
        "{}",
        unmatched.stderr
    );
    // Without a limit it is only told.
    assert_eq!(bench("--compare base.json --markdown").code, Some(0));

    base["model"] = "lenet-5".into();
    write(&base);
    let other = bench("--compare base.json");
    assert_refused(&other, 2, &["base.json", "lenet-5", "--json"]);
    assert_refused(&bench("--compare none.json"), 2, &["none.json", "--json"]);
    for (text, why) in [
        ("{", "is not a result of"),
        ("{\"times\": 3}", "has no list of times"),
    ] {
        std::fs::write(folder.path().join("base.json"), text).unwrap();
        assert_refused(&bench("--compare base.json"), 2, &["base.json", why]);
    }
}

/// What a run would stumble over, on images that are made up.
#[test]
fn keys_of_the_configuration_are_heeded_or_refused() {
    let line = json(
        "model --seconds 0 --set model=lenet-300-100 --set train.batch=8 --set data.validation=60",
    );
    assert_eq!(
        (&line["model"], &line["batch"]),
        (&"lenet-300-100".into(), &8.into())
    );
    let line = json(&format!(
        "model --seconds 0 {SMALL} --set prune.scope=layer"
    ));
    positive(&line["mask_update_seconds"]);
    let folder = here();
    let crop = wgprune(
        folder.path(),
        &format!("bench layer {SMALL} --set data.crop=40"),
    );
    assert_refused(&crop, 2, &["data.crop"]);
    let memory = wgprune(folder.path(), &format!("bench model {SMALL} --memory 1MiB"));
    assert_refused(&memory, 6, &["room for 1.0 MiB", "no --batch fits"]);
    let line = json(&format!(
        "kernel --repeats 1 {SMALL} --set tuning.product=block"
    ));
    let kernels = line["kernels"].as_array().unwrap();
    assert!(kernels.iter().all(|row| row["variant"] == "block"));
}

#[test]
fn wrong_flags_are_refused() {
    let folder = here();
    for (args, parts) in [
        ("bench model --seconds -1", ["--seconds", "86400"]),
        ("bench kernel --repeats 0", ["--repeats", "from 1"]),
        ("bench model --fail-over 10%", ["--compare", "--fail-over"]),
        (
            "bench peak --compare x --fail-over ten",
            ["--fail-over", "10%"],
        ),
        ("bench layer --model lenet-6", ["lenet-6", "lenet-5"]),
        (
            "bench model --set prune.structure=2:4",
            ["does not divide the inputs of conv1 (1)", "prune.exclude"],
        ),
    ] {
        assert_refused(&wgprune(folder.path(), args), 2, &parts);
    }
}

#[test]
fn ceilings_are_a_table_and_figures() {
    let line = json("peak");
    positive(&line["flops_per_second"]);
    positive(&line["bytes_per_second"]);
    positive(&line["launch_seconds"]);
    let table = wgprune(here().path(), "bench peak --markdown").stdout;
    for word in ["| ceiling", "GFLOP/s", "GB/s", "| ---"] {
        assert!(table.contains(word), "{table}");
    }
}
