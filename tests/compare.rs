//! What runs record of what they took and left, and how `compare` shows it.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;

use program::{assert_command_refused, copy, file, here, json_in, tensors, weights, wgprune};
use safetensors::SafeTensors;
use serde_json::Value;
use std::fs;
use std::sync::OnceLock;
use tempfile::TempDir;

/// A run of three epochs, with a mask update by scores in the second.
const ARGS: &str = "--model lenet-300-100 --batch 2000 --steps 9 --method snip --sparsity 0.9 \
                    --set prune.start=4it --set prune.end=9it --set prune.scope=layer";

/// A copy of that run to change, and what it printed.
fn finished() -> (TempDir, Value) {
    static RUN: OnceLock<(TempDir, Value)> = OnceLock::new();
    let (folder, summary) = RUN.get_or_init(|| program::train(ARGS));
    let own = here();
    copy(folder.path(), own.path());
    (own, summary.clone())
}

/// Of each layer of LeNet-300-100: weights that are not 0 between two units that inputs lead to and outputs read, its outputs,
/// and those of them that are no such units.
fn on_paths(file: &[u8]) -> [[usize; 3]; 3] {
    let file = SafeTensors::deserialize(file).unwrap();
    let [fc1, fc2, fc3] = ["fc1", "fc2", "fc3"].map(|name| {
        let tensor = file.tensor(&format!("{name}.weight")).unwrap();
        let values: Vec<f32> = bytemuck::pod_collect_to_vec(tensor.data());
        let rows = values.chunks(tensor.shape()[1]);
        rows.map(|row| row.iter().map(|&weight| weight != 0.0).collect())
            .collect::<Vec<Vec<bool>>>()
    });
    let reads = |rows: &[Vec<bool>], input: usize| -> Vec<usize> {
        (0..rows.len())
            .filter(|&output| rows[output][input])
            .collect()
    };
    // Of the second hidden layer first, from both sides.
    let begun: Vec<bool> = fc1.iter().map(|row| row.contains(&true)).collect();
    let second: Vec<bool> = (0..100)
        .map(|unit| {
            let leads = (0..300).any(|input| fc2[unit][input] && begun[input]);
            leads && !reads(&fc3, unit).is_empty()
        })
        .collect();
    let first: Vec<bool> = (0..300)
        .map(|unit| begun[unit] && reads(&fc2, unit).iter().any(|&output| second[output]))
        .collect();
    let classes: Vec<bool> = (0..10)
        .map(|class| (0..100).any(|unit| fc3[class][unit] && second[unit]))
        .collect();
    let pixels = vec![true; 784];
    [
        (fc1, &pixels, &first),
        (fc2, &first, &second),
        (fc3, &second, &classes),
    ]
    .map(|(rows, inputs, outputs)| {
        let weights = rows.iter().zip(outputs).filter(|(_, there)| **there);
        let kept = |row: &Vec<bool>| {
            (row.iter().zip(inputs))
                .filter(|(kept, there)| **kept && **there)
                .count()
        };
        let dead = outputs.iter().filter(|there| !**there).count();
        [weights.map(|(row, _)| kept(row)).sum(), outputs.len(), dead]
    })
}

#[test]
fn a_run_records_what_it_took_and_another_process_that_goes_on_does_the_same() {
    let run = finished();
    let (folder, summary) = &run;
    // Four dense steps and a pass as dense as one, then five with a tenth.
    let [cost, scoring] = [5.5 / 9.0, 1.0 / 9.0];
    let near = |key: &str, wanted: f64| {
        let own = summary[key].as_f64().unwrap();
        assert!((own - wanted).abs() < 1e-12, "{key}: {own}");
    };
    near("training_cost", cost);
    near("scoring_cost", scoring);
    assert_eq!(summary["scoring_passes"], 1);
    let on_paths = on_paths(&weights(&run));
    let layers = [("fc1", 235_200), ("fc2", 30_000), ("fc3", 1_000)];
    let layers = layers.into_iter().zip(&on_paths).map(|((name, all), own)| {
        let (name, [effective, outputs, dead_outputs]) = (format!("{name}.weight"), own);
        serde_json::json!({"name": name, "weights": all, "kept": all / 10, "macs": all, "effective": effective,
                           "outputs": outputs, "dead_outputs": dead_outputs})
    });
    let layers: Vec<Value> = layers.collect();
    assert_eq!(summary["layers"], Value::from(layers));
    let effective: usize = on_paths.iter().map(|[effective, ..]| effective).sum();
    assert!(
        effective < 26_620,
        "a unit that nothing leads to would show more"
    );
    near("effective_sparsity", 1.0 - effective as f64 / 266_200.0);

    // From the end of the second epoch, behind the mask update.
    fs::remove_dir_all(file(&run, "checkpoints/step-00000009")).unwrap();
    fs::remove_file(file(&run, "final.safetensors")).unwrap();
    let record = fs::read_to_string(file(&run, "run.json")).unwrap();
    let record = record.replace("\"done\"", "\"running\"");
    fs::write(file(&run, "run.json"), record).unwrap();
    let resumed = wgprune(folder.path(), "train --resume run --json");
    assert!(resumed.stderr.contains("from step 6"), "{}", resumed.stderr);
    let resumed = resumed.json();
    for key in [
        "training_cost",
        "scoring_cost",
        "scoring_passes",
        "layers",
        "effective_sparsity",
    ] {
        assert_eq!(resumed[key], summary[key], "{key}");
    }
}

#[test]
fn a_comparison_shows_it_and_reads_runs_of_earlier_versions() {
    let run = finished();
    let folder = run.0.path();
    let table = wgprune(folder, "compare run").stdout;
    let lines: Vec<Vec<&str>> = (table.lines())
        .map(|line| line.split("  ").map(str::trim).collect())
        .map(|fields: Vec<&str>| {
            fields
                .into_iter()
                .filter(|field| !field.is_empty())
                .collect()
        })
        .collect();
    let field = |head: &str| {
        let column = lines[0].iter().position(|own| *own == head);
        column.map(|column| lines[1][column])
    };
    assert_eq!(field("multiply-adds x"), Some("10.0"), "{table}");
    assert_eq!(field("training cost"), Some("0.61"), "{table}");
    assert_eq!(field("scoring cost"), None, "{table}");

    let csv = |head: &str| {
        let text = wgprune(folder, "compare run --csv").stdout;
        let rows: Vec<Vec<String>> = (text.lines())
            .map(|line| line.split(',').map(str::to_owned).collect())
            .collect();
        assert_eq!(rows[0].len(), rows[1].len(), "{text}");
        let column = rows[0].iter().position(|own| own == head).unwrap();
        rows[1][column].clone()
    };
    let heads = ["macs", "macs_left", "speed_up", "scoring_passes"];
    assert_eq!(heads.map(csv), ["266200", "26620", "10", "1"]);
    // 266,610 numbers; less the weights, with a bit for each and a tenth of them; and in compressed rows.
    let own = 4 * 410;
    let [bits, rows] = [266_200 / 8 + 4 * 26_620, 4 * (301 + 101 + 11) + 8 * 26_620];
    let stored = [4 * 266_610, own + bits, own + rows].map(|bytes: u32| bytes.to_string());
    let forms = ["bytes", "bytes_bitmask", "bytes_csr"];
    assert_eq!(forms.map(csv), stored);
    let effective = run.1["effective_sparsity"].as_f64().unwrap();
    assert_eq!(csv("effective_sparsity"), effective.to_string());

    // One weight of the last layer, in a record.
    let path = file(&run, "run.json");
    let record = fs::read_to_string(&path).unwrap();
    fs::write(&path, record.replace("\"kept\": 100,", "\"kept\": 1,")).unwrap();
    let layers = wgprune(folder, "compare run --layers").stdout;
    let rows: Vec<Vec<&str>> = (layers.lines())
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert!(layers.starts_with("lenet-300-100 on mnist-mini, 90 % removed by snip"));
    let [[effective, _, dead], ..] = on_paths(&weights(&run));
    let off = format!("{:.2}", 100.0 - effective as f64 / 235.2);
    let first = [
        "fc1.weight",
        "235200",
        "10.00",
        "88.4",
        &off,
        &format!("{dead}.0"),
    ];
    assert_eq!(rows[2], first, "{layers}");
    let collapsed = ["fc3.weight", "1000", "0.10", "0.4"];
    assert_eq!(rows[4][..4], collapsed, "{layers}");
    assert_eq!(rows[4][6..], ["in", "1", "of", "1"], "{layers}");
    let json = &wgprune(folder, "compare run --json").json()[0];
    assert_eq!(json["layers"][1]["density"], 0.1);
    assert_eq!(json["layers"][2]["collapsed"], 1);
    assert_command_refused(here().path(), "compare none --layers", 2, &["none"]);

    let mut old = json_in(&folder.join("run"), "run.json");
    let summary = old["summary"].as_object_mut().unwrap();
    for key in [
        "layers",
        "training_cost",
        "scoring_cost",
        "scoring_passes",
        "effective_sparsity",
    ] {
        assert!(summary.remove(key).is_some(), "{key}");
    }
    fs::write(&path, old.to_string()).unwrap();
    let table = wgprune(folder, "compare run");
    assert_eq!(table.code, Some(0), "{}", table.stderr);
    assert!(!table.stdout.contains("training cost"), "no empty column");
    assert_eq!(heads.map(csv), [""; 4]);
    assert_eq!(forms.map(csv), [""; 3]);
    assert_eq!(csv("training_cost"), "");
    let json = &wgprune(folder, "compare run --json").json()[0];
    assert!(json["layers"].is_null() && json["speed_up"].is_null());
    let layers = wgprune(folder, "compare run --layers").stdout;
    assert!(layers.contains("earlier version"), "{layers}");
}

#[test]
fn biases_that_are_ranked_count_as_weights_everywhere() {
    const RANKED: &str = "--model lenet-300-100 --batch 1000 --steps 2 --method snip --sparsity 0.98 --set prune.biases=true";
    for (init, keeps_biases) in [("zeros", false), ("uniform", true)] {
        let run = program::train(&format!("{RANKED} --set init.bias={init}"));
        let summary = &run.1;
        assert_eq!(summary["prunable_weights"], 266_610);
        assert_eq!(summary["kept_weights"], 5_332);
        // What is kept was trained, and so is not 0.
        let tensors = tensors(&weights(&run));
        let left = |kind: &str| {
            let own = tensors.iter().filter(|(name, ..)| name.ends_with(kind));
            own.map(|(_, _, all, zeros)| all - zeros).sum::<usize>()
        };
        assert_eq!(left("weight") + left("bias"), 5_332);
        assert_eq!(left("bias") > 0, keeps_biases, "{init}");
        let [mut effective, mut biases] = [0; 2];
        for layer in summary["layers"].as_array().unwrap() {
            let own = tensors.iter().find(|(name, ..)| layer["name"] == **name);
            let (_, _, all, zeros) = own.unwrap();
            assert_eq!(
                (&layer["weights"], &layer["macs"]),
                (&(*all).into(), &(*all).into())
            );
            assert_eq!(layer["kept"], all - zeros, "{layer}");
            effective += layer["effective"].as_u64().unwrap();
            biases += layer["effective_biases"].as_u64().unwrap();
        }
        assert_eq!(biases > 0, keeps_biases, "{init}");
        let own = summary["effective_sparsity"].as_f64().unwrap();
        assert!((own - (1.0 - (effective + biases) as f64 / 266_610.0)).abs() < 1e-12);

        let table = wgprune(run.0.path(), "compare run").stdout;
        assert!(table.contains("98 % of weights and biases"), "{table}");
        let csv = wgprune(run.0.path(), "compare run --csv").stdout;
        assert!(csv.contains("snip,0.98,none,true,0,done"), "{csv}");
        let json = wgprune(run.0.path(), "compare run --json").json();
        assert_eq!(json[0]["of_biases"], true);
    }
}

#[test]
fn no_epoch_is_chosen_by_the_test_images() {
    let run = finished();
    let path = file(&run, "results.csv");
    let mut rows: Vec<Vec<String>> = (fs::read_to_string(&path).unwrap().lines())
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect();
    let column = rows[0].iter().position(|own| own == "test_accuracy");
    rows[1][column.unwrap()] = "0.98765".into();
    let text: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
    fs::write(&path, text.join("\n") + "\n").unwrap();
    for form in ["", " --csv", " --json", " --layers"] {
        let shown = wgprune(run.0.path(), &format!("compare run{form}")).stdout;
        assert!(!shown.is_empty() && !shown.contains("98765") && !shown.contains("98.77"));
    }
}
