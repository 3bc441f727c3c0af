//! Networks with batch norm, residual sums and pools follow PyTorch for 20 steps, from the same initial weights and with
//! the same batches: losses, how all weights moved, and the loss that evaluation by running statistics gives then.
//!
//! assets/golden/conv_nets.py writes PyTorch's figures. Two of the networks run on the kernels that suit any adapter, which
//! a software adapter compiles in half the time.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a failed test should panic, and its numbers are small"
)]

#[path = "common/golden.rs"]
mod golden;

use golden::{network, path};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use wgprune::config::{Config, ProductKind};
use wgprune::data::{self, Dataset, Split};
use wgprune::gpu::{Gpu, Options};
use wgprune::net::{Role, load, open};
use wgprune::train::{ImageSet, Session};

/// As in the script.
const BATCH: u32 = 64;
const LEARNING_RATE: f64 = 0.0005;

/// How far a loss may lie from PyTorch's, as a share of it.
const BOUND: f64 = 1e-3;

/// How far the parameters of a group may lie from PyTorch's, as a share of how far they moved.
const MOVED: f64 = 0.1;

type IsOwn = fn(Role) -> bool;

/// Parameters that are compared together. Biases are not: in front of a batch norm only rounding moves them.
const GROUPS: [(&str, IsOwn); 4] = [
    ("weights", |role| {
        matches!(role, Role::ConvWeight | Role::LinearWeight)
    }),
    ("scales", |role| role == Role::Scale),
    ("shifts", |role| role == Role::Shift),
    ("statistics", |role| {
        matches!(role, Role::RunningMean | Role::RunningVariance)
    }),
];

#[derive(Deserialize)]
struct Golden {
    losses: Vec<f64>,
    evaluated: f64,
}

/// The embedded set, with the first training images in place of its test images.
fn dataset() -> Dataset {
    let mut dataset = data::open("mnist-mini", None).unwrap();
    let images = dataset.train.images[..1000 * dataset.image_bytes()].to_vec();
    let labels = dataset.train.labels[..1000].to_vec();
    dataset.test = Split { images, labels };
    dataset
}

/// The square of it.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    let pairs = a.iter().zip(b).map(|(&a, &b)| [a, b].map(f64::from));
    pairs.map(|[a, b]| (a - b).powi(2)).sum()
}

fn assert_close(what: &str, ours: f64, theirs: f64) -> f64 {
    let deviation = (ours / theirs - 1.0).abs();
    assert!(
        deviation <= BOUND,
        "{what}: {ours} is off by {deviation:e} from {theirs}"
    );
    deviation
}

fn assert_follows(model: &str, name: &str, product: ProductKind) {
    let dataset = dataset();
    let text = std::fs::read_to_string(path("conv_nets.json")).unwrap();
    let wanted = &serde_json::from_str::<BTreeMap<String, Golden>>(&text).unwrap()[name];
    let mut config = Config::default();
    config.train.batch = BATCH;
    config.tuning.product = product;
    let net = open(model, dataset.input(), dataset.classes).unwrap();
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    let mut session = Session::open(&gpu, &net, &dataset, &config).unwrap();
    session.initialise(&config).unwrap();
    let initial = session.weights().unwrap();
    session.shuffle(0);
    for step in 0..wanted.losses.len() as u32 {
        session
            .step(step, LEARNING_RATE, &config.optimiser)
            .unwrap();
    }
    let records = session.read_records().unwrap();
    assert_eq!(records.len(), wanted.losses.len());
    let mut largest = 0f64;
    for (step, (record, &theirs)) in records.iter().zip(&wanted.losses).enumerate() {
        let what = format!("{name}, step {step}");
        largest = largest.max(assert_close(&what, record.loss.into(), theirs));
    }

    let file = path(&format!("{name}.safetensors"));
    let theirs = load(&file, &net.parameters(), &net.name).unwrap();
    let ours = session.weights().unwrap();
    let mut off = Vec::new();
    for (group, is_own) in GROUPS {
        let (mut squares, mut moved) = (0.0, 0.0);
        let all = ours.iter().zip(&theirs).zip(&initial);
        for (((parameter, ours), theirs), (_, initial)) in all {
            if is_own(parameter.role) {
                squares += distance(ours, theirs);
                moved += distance(theirs, initial);
            }
        }
        let share = (squares / moved).sqrt();
        assert!(
            share <= MOVED,
            "{group} of {name} moved otherwise: off by {share:e}"
        );
        off.push(format!("{group} {share:.1e}"));
    }
    let evaluated = session.evaluate(ImageSet::Test).unwrap().loss();
    let evaluated = assert_close(&format!("{name}, evaluated"), evaluated, wanted.evaluated);
    eprintln!(
        "{name}: losses off by {largest:.1e}, evaluated by {evaluated:.1e}, {}",
        off.join(", ")
    );
}

#[test]
fn a_narrow_resnet_18_follows_pytorch() {
    let name = "resnet-18-narrow";
    assert_follows(&network(name), name, ProductKind::Auto);
}

#[test]
fn a_narrow_vgg_follows_pytorch() {
    assert_follows(&network("vgg-narrow"), "vgg-narrow", ProductKind::Block);
}

#[test]
fn resnet_20_follows_pytorch() {
    assert_follows("resnet-20", "resnet-20", ProductKind::Block);
}
