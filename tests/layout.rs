//! Where things are: every op has its files, its kernels are launched by a network, and no file is too long to read.

#![allow(
    clippy::unwrap_used,
    reason = "a failed test should panic, with the name of what could not be read"
)]

#[path = "common/nets.rs"]
mod nets;

use nets::fitting;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use wgprune::config::{Config, Control, OptimiserKind};
use wgprune::gpu::Tuning;
use wgprune::net::{MODELS, compile};
use wgprune::ops::{Criterion, Growth};
use wgprune::train::settings;

const LONGEST_SOURCE: usize = 400;
const LONGEST_KERNEL: usize = 120;

/// Modules of `src/ops` that record no op of their own, with the reason.
const NOT_OPS: [(&str, &str); 2] = [
    (
        "product",
        "the loops and slicing that linear and conv2d share",
    ),
    ("step", "the host's side of shaders/shared/step.wgsl"),
];

/// Kernels whose stem does not begin with the name of their op, with the reason.
const OTHER_STEMS: [(&str, &str, &str); 3] = [
    (
        "sgd_update",
        "update",
        "two optimisers are two kernels of one op",
    ),
    (
        "adam_update",
        "update",
        "two optimisers are two kernels of one op",
    ),
    (
        "sum_slices",
        "product",
        "the second half of linear_grad_weight and conv2d_grad_weight",
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below a folder whose names end like this.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let below = folders
        .iter()
        .flat_map(|folder| self::files(folder, extension));
    let here = files
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .cloned();
    here.chain(below).collect()
}

fn stems(folder: &str) -> BTreeSet<String> {
    let files = files(&root().join(folder), "wgsl").into_iter();
    files
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

/// All kernels but those in `shaders/probe`: these ask an adapter how it behaves, for the self-test, so they belong to no
/// op and no training runs them.
fn kernels() -> BTreeSet<String> {
    let others = ["shaders/shared", "shaders/probe"].map(stems);
    let is_kernel = |stem: &String| others.iter().all(|other| !other.contains(stem));
    stems("shaders").into_iter().filter(is_kernel).collect()
}

/// Modules that a Rust file declares.
fn modules(file: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let name = |line: &str| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?
            .strip_suffix(';')
            .map(str::to_owned)
    };
    text.lines().filter_map(name).collect()
}

fn ops() -> BTreeSet<String> {
    let all = modules("src/ops.rs");
    for (name, _) in NOT_OPS {
        assert!(
            all.contains(name),
            "{name} is excepted, but src/ops.rs has no such module"
        );
    }
    all.into_iter()
        .filter(|name| NOT_OPS.iter().all(|(other, _)| other != name))
        .collect()
}

/// The op that a kernel belongs to.
fn op_of(kernel: &str) -> Option<String> {
    if let Some((_, op, _)) = OTHER_STEMS.iter().find(|(stem, ..)| *stem == kernel) {
        return Some((*op).to_owned());
    }
    ops().into_iter().find(|op| {
        let rest = kernel.strip_prefix(op.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    })
}

#[test]
fn every_op_has_its_op_its_twin_and_its_test() {
    let twins = modules("src/reference.rs");
    let checks = modules("src/check.rs");
    for op in ops() {
        assert!(checks.contains(&op), "src/check.rs does not declare {op}");
        for file in ["src/ops", "src/reference", "src/check", "tests"]
            .map(|folder| format!("{folder}/{op}.rs"))
        {
            assert!(root().join(&file).exists(), "{op} lacks {file}");
        }
        assert!(
            twins.contains(&op),
            "src/reference.rs does not declare {op}"
        );
    }
    let strangers: Vec<_> = twins.difference(&ops()).cloned().collect();
    assert!(strangers.is_empty(), "twins of no op: {strangers:?}");
}

#[test]
fn every_op_has_a_kernel_and_every_kernel_an_op() {
    let kernels = kernels();
    for op in ops() {
        assert!(
            kernels
                .iter()
                .any(|kernel| op_of(kernel).as_ref() == Some(&op)),
            "{op} has no kernel: no file in shaders/ begins with its name"
        );
    }
    for kernel in &kernels {
        assert!(
            op_of(kernel).is_some(),
            "shaders/{kernel}.wgsl begins with the name of no op"
        );
    }
    for (stem, ..) in OTHER_STEMS {
        assert!(
            kernels.contains(stem),
            "{stem} is excepted, but there is no such kernel"
        );
    }
}

/// The benchmark times whatever a plan launches, so a kernel that no plan launches would be timed nowhere.
#[test]
fn every_kernel_is_launched_by_a_plan_that_the_benchmark_can_time() {
    let mut launched = BTreeSet::new();
    use Criterion::{Grasp, Learned, Magnitude, Movement, Random, Snip, Synflow};
    for (kind, criterion, growth, structure) in [
        (OptimiserKind::Sgd, Magnitude, Growth::Gradient, "none"),
        (OptimiserKind::Adam, Random, Growth::None, "none"),
        (OptimiserKind::Sgd, Snip, Growth::None, "none"),
        (OptimiserKind::Sgd, Grasp, Growth::None, "none"),
        (OptimiserKind::Sgd, Learned, Growth::None, "none"),
        (OptimiserKind::Sgd, Movement, Growth::None, "none"),
        (OptimiserKind::Sgd, Synflow, Growth::None, "none"),
        (OptimiserKind::Sgd, Magnitude, Growth::None, "2:4"),
        (OptimiserKind::Sgd, Magnitude, Growth::None, "filter"),
    ] {
        let mut config = Config::default();
        config.prune.regrow = growth;
        config.prune.control = Control::Invert;
        if growth == Growth::None {
            config.prune.rewind = "0it".into();
        }
        config.optimiser.kind = kind;
        config.prune.criterion = criterion;
        config.prune.structure = structure.parse().unwrap();
        config.data.erase = 0.5;
        config.optimiser.clip_norm = 1.0;
        for net in fitting(MODELS, config.prune.structure) {
            let settings = settings(&config, net.input.w, [1024; 2]);
            let plan = compile(&net, &settings, Tuning::PORTABLE).plan;
            let dispatches = plan.phases().iter().flat_map(|phase| &phase.dispatches);
            launched.extend(dispatches.map(|dispatch| dispatch.kernel.name().to_owned()));
        }
    }
    let plan = wgprune::autos::compile(128, Tuning::PORTABLE).plan;
    let dispatches = plan.phases().iter().flat_map(|phase| &phase.dispatches);
    launched.extend(dispatches.map(|dispatch| dispatch.kernel.name().to_owned()));
    let kernels = kernels();
    assert_eq!(launched, kernels);
}

#[test]
fn no_file_is_too_long_to_read_in_one_go() {
    let mut long = Vec::new();
    for (folder, extension, most) in [
        ("src", "rs", LONGEST_SOURCE),
        ("tests", "rs", LONGEST_SOURCE),
        ("benches", "rs", LONGEST_SOURCE),
        ("shaders", "wgsl", LONGEST_KERNEL),
    ] {
        for file in files(&root().join(folder), extension) {
            let lines = std::fs::read_to_string(&file).unwrap().lines().count();
            if lines > most {
                let name = file.strip_prefix(root()).unwrap().display().to_string();
                long.push(format!("{name} has {lines} lines of {most}"));
            }
        }
    }
    assert!(long.is_empty(), "{}", long.join("; "));
}
