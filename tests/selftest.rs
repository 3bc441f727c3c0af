//! The self-test passes where the tests of the ops do, and finds and names a kernel that is broken.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/changes.rs"]
mod changes;
#[path = "common/program.rs"]
mod program;

use changes::CHANGES;
use program::{assert_command_refused, here, wgprune};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use wgprune::error::ErrorKind;
use wgprune::gpu::{Gpu, Options, Patch, Product, Tuning};
use wgprune::selftest::{Report, Row, selftest};

fn report(patches: Vec<Patch>) -> Report {
    let options = Options {
        canaries: true,
        patches,
        ..Options::default()
    };
    selftest(&Arc::new(Gpu::open(options).unwrap())).unwrap()
}

/// Whether the self-test finds and names the kernel that is changed, and blames none but these ops for it.
fn finds(patch: Patch, ops: &[&str]) -> bool {
    let kernel = patch.kernel;
    let report = report(vec![patch]);
    let Err(error) = report.verdict() else {
        return false;
    };
    // The change makes a kernel that runs.
    let wrong = report.rows.iter().filter(|row| !row.passed());
    let is_blamed = |row: &Row| ops.contains(&row.op) && !format!("{row:?}").contains("refused");
    eprintln!("{error}");
    (error.kind, error.kind.exit_code()) == (ErrorKind::SelfTest, 9)
        && error.what.contains(kernel)
        && wrong.into_iter().all(is_blamed)
}

#[test]
fn an_adapter_with_the_kernels_of_training_passes() {
    let report = report(Vec::new());
    assert!(
        report.passed() && report.verdict().is_ok(),
        "{:?}",
        report.verdict()
    );
    let ops: BTreeSet<&str> = report.rows.iter().map(|row| row.op).collect();
    let all = [
        "add",
        "avg_pool",
        "batch_norm",
        "clip",
        "conv2d",
        "cross_entropy",
        "displace",
        "dropout",
        "filter",
        "flow",
        "gather_batch",
        "interpolate",
        "linear",
        "max_pool",
        "metrics",
        "pattern",
        "prune",
        "regrow",
        "relu",
        "retouch",
        "score",
        "squared_error",
        "subsample",
        "update",
    ];
    assert!(ops.into_iter().eq(all));
    for tuning in Tuning::supported(&report.adapter) {
        let variant = match tuning.product {
            Product::Block => "block".to_owned(),
            Product::Tiles { side, .. } => format!("tiles{side}"),
            Product::Lanes(lanes) => format!("lanes{lanes}"),
        };
        for (op, direction) in ["linear", "conv2d"].iter().flat_map(|op| {
            ["forward", "grad_input", "grad_weight"].map(|direction| (op, direction))
        }) {
            let is_own = |row: &&Row| {
                row.op == *op
                    && row.finding.direction == direction
                    && (row.variant().split(' ')).any(|own| own.starts_with(&variant))
            };
            assert!(
                report.rows.iter().filter(is_own).count() >= 2,
                "{op} {direction} {variant}"
            );
            let adds_slices = |row: &Row| row.finding.kernels.iter().any(|k| k == "sum_slices");
            assert_eq!(
                report.rows.iter().filter(is_own).any(adds_slices),
                direction == "grad_weight",
                "{op} {direction} {variant}"
            );
        }
    }
}

#[test]
fn a_broken_kernel_is_found_and_named() {
    let unnoticed = CHANGES.iter().filter(|&&(kernel, from, to, ops)| {
        let patch = Patch { kernel, from, to };
        !finds(patch, ops)
    });
    let unnoticed: Vec<_> = unnoticed.collect();
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}

/// At once, as one change makes a whole self-test and these ops share no kernel.
#[test]
fn many_broken_kernels_are_all_found_and_named() {
    let changes = [
        ("add_grad_input", "dx[i] += dy[i]", "dx[i] = dy[i]"),
        ("avg_pool_forward", "sum * SHARE", "sum"),
        ("avg_pool_grad_input", "h / STRIDE, P", "h / STRIDE + 1u, P"),
        (
            "batch_norm_moments",
            "between * between * (count",
            "between * between * (0.0 * count",
        ),
        ("batch_norm_forward", "offset;", "offset * 0.5;"),
        ("batch_norm_grad_input", "g - plain", "g"),
        ("dropout", "< THRESHOLD", "<= THRESHOLD + 1000000u"),
        ("subsample_forward", "% K - BEFORE", "% K"),
        (
            "retouch",
            "before = keys[other] < keys[kind]",
            "before = keys[other] > keys[kind]",
        ),
        ("relu_grad_input", "dx[i] += value", "dx[i] -= value"),
        ("max_pool_grad_input", "dx[i] += sum", "dx[i] = sum"),
        ("filter_norm", "min(f, FILTERS)", "f"),
        ("filter_spread", "word * 32u + bit", "word * 16u + bit"),
        ("displace", "steps[STEP]", "steps[0]"),
        ("flow_rescale", "factors[0]", "factors[1]"),
        ("prune_clear", "vec4(0u), x[i]", "x[i], vec4(0u)"),
        ("prune_copy", "vec4(0u), x[i]", "vec4(1u), x[i]"),
        ("pattern_keys", "b < a", "b > a"),
        ("regrow_candidates", "~mask[word] & weights", "~mask[word]"),
    ];
    let patches = changes.map(|(kernel, from, to)| Patch { kernel, from, to });
    let report = report(patches.to_vec());
    let wrong: Vec<&Row> = report.rows.iter().filter(|row| !row.passed()).collect();
    for (kernel, ..) in changes {
        let names = |row: &&&Row| {
            let mut labels = row.finding.kernels.iter();
            labels.any(|label| label.split('/').next() == Some(kernel))
        };
        let row = wrong.iter().find(names);
        let row = row.unwrap_or_else(|| panic!("{kernel} is not found: {wrong:#?}"));
        assert!(!format!("{row:?}").contains("refused"), "{row:?}");
    }
    let is_blamed = |row: &&Row| {
        changes
            .iter()
            .any(|(kernel, ..)| kernel.starts_with(row.op))
    };
    assert!(wrong.iter().all(is_blamed), "{wrong:#?}");
}

#[test]
fn one_broken_variant_is_told_from_the_others() {
    let report = report(vec![Patch {
        kernel: "linear_forward/block",
        from: "outer < end",
        to: "outer + 1u < end",
    }]);
    let wrong: Vec<String> = (report.rows.iter().filter(|row| !row.passed()))
        .map(|row| row.variant())
        .collect();
    assert!(
        !wrong.is_empty() && wrong.iter().all(|variant| variant.contains("block")),
        "{wrong:?}"
    );
}

#[test]
fn a_kernel_that_does_not_compile_fails_and_the_others_are_still_checked() {
    let report = report(vec![Patch {
        kernel: "relu_forward",
        from: "max(",
        to: "maximum(",
    }]);
    let wrong: Vec<_> = report.rows.iter().filter(|row| !row.passed()).collect();
    assert!(wrong.iter().all(|row| row.op == "relu"), "{wrong:?}");
    let error = report.verdict().unwrap_err();
    assert!(
        error.what.contains("refused kernel relu_forward"),
        "{error}"
    );
    assert!(report.rows.len() > wrong.len());
}

#[test]
fn a_patch_that_does_not_apply_is_refused() {
    let options = Options {
        patches: vec![Patch {
            kernel: "relu_forward",
            from: "min(",
            to: "max(",
        }],
        ..Options::default()
    };
    let error = selftest(&Arc::new(Gpu::open(options).unwrap())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(
        error.what.contains("relu_forward") && error.what.contains("min("),
        "{error}"
    );
}

#[test]
fn the_command_prints_a_table_or_one_line_of_json() {
    let folder = here();
    let table = wgprune(folder.path(), "selftest --quiet");
    assert_eq!((table.code, table.stderr.as_str()), (Some(0), ""));
    let json = wgprune(folder.path(), "selftest --json --quiet").json();
    assert_eq!(
        (&json["schema"], &json["passed"]),
        (&1.into(), &true.into())
    );
    assert_eq!(json["wgprune"], env!("CARGO_PKG_VERSION"));
    assert!(json["seconds"].as_f64().unwrap() > 0.0 && json["error"].is_null());
    for field in ["name", "backend", "driver", "device_type"] {
        assert!(json["adapter"][field].is_string(), "{json}");
    }
    let facts = json["facts"].as_object().unwrap();
    for (name, is_typed) in [
        (
            "nan_differs_from_itself",
            Value::is_boolean as fn(&Value) -> bool,
        ),
        ("bits_tell_what_is_finite", Value::is_boolean),
        ("max_of_nan_and_zero", Value::is_string),
        ("nan_times_zero", Value::is_string),
        ("fma_is_fused", Value::is_string),
        ("sums_keep_subnormals", Value::is_boolean),
        ("products_keep_subnormals", Value::is_boolean),
        ("two_sum_survives", Value::is_boolean),
        ("longest_loop", Value::is_u64),
        ("subgroup_size", Value::is_u64),
        ("shuffle_works", Value::is_boolean),
        ("division_error", Value::is_f64),
        ("sqrt_error", Value::is_f64),
        ("exp_error", Value::is_f64),
        ("log_error", Value::is_f64),
    ] {
        assert!(facts.get(name).is_some_and(is_typed), "{name}: {json}");
        assert!(table.stdout.contains(name), "{name}: {}", table.stdout);
    }
    let ops = json["ops"].as_array().unwrap();
    let lines: Vec<&str> = table.stdout.lines().collect();
    for op in ops {
        assert!(
            op["worst"].as_f64().unwrap() <= 1.0 && op["repeats"] == true,
            "{op}"
        );
        assert!(!op["kernels"].as_array().unwrap().is_empty(), "{op}");
        let words = ["op", "direction", "shape"].map(|key| op[key].as_str().unwrap());
        let is_own = |line: &&&str| words.iter().all(|word| line.contains(word));
        assert!(lines.iter().any(|line| is_own(&line)), "{op}");
    }
    let verdict = format!("passed: {} checks, 0 wrong", ops.len());
    assert!(
        lines.last().unwrap().starts_with(&verdict),
        "{}",
        table.stdout
    );
}

#[test]
fn an_adapter_that_is_not_there_is_refused() {
    let args = "selftest --device no-such-adapter";
    assert_command_refused(here().path(), args, 3, &["no-such-adapter", "--device"]);
}
