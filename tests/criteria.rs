//! What criteria keep of networks with batch norms, residual sums and pools, against PyTorch, from the same initial weights
//! and the same batch. assets/golden/criteria.py writes what PyTorch keeps.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/golden.rs"]
mod golden;

use golden::{Golden, network};
use safetensors::Dtype;
use std::sync::Arc;
use wgprune::config::{Config, Scope};
use wgprune::data;
use wgprune::gpu::{Gpu, Options};
use wgprune::net::open;
use wgprune::ops::Criterion;
use wgprune::train::{Readings, Session, Snapshot};

const BATCH: u32 = 64;
const SPARSITY: f64 = 0.9;

/// A criterion, in how many parts it prunes, and how much of what is kept must be alike.
struct Case {
    key: &'static str,
    criterion: Criterion,
    parts: u32,
    biases: bool,
    alike: f64,
}

/// Which weights PyTorch keeps, in the order of files.
fn theirs(name: &str, criterion: &str) -> Vec<bool> {
    let (bytes, _) = Golden::open("criteria").read::<u8>(name, criterion, Dtype::U8);
    let bits = |byte: u8| (0..8).map(move |bit| byte >> bit & 1 == 1);
    bytes.into_iter().flat_map(bits).collect()
}

fn assert_keeps_the_same(model: &str, name: &str, case: Case) {
    let Case {
        key,
        criterion,
        parts,
        biases,
        alike,
    } = case;
    let dataset = data::open("mnist-mini", None).unwrap();
    let mut config = Config::default();
    config.train.batch = BATCH;
    config.prune.criterion = criterion;
    config.prune.biases = biases;
    let net = open(model, dataset.input(), dataset.classes).unwrap();
    let net = config.fit(net).unwrap();
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    let mut session = Session::open(&gpu, &net, &dataset, &config).unwrap();
    session.initialise(&config).unwrap();
    session.shuffle(0);
    let before = session.snapshot().unwrap();
    for part in 1..=parts {
        let stays = (1.0 - SPARSITY).powf(f64::from(part) / f64::from(parts));
        let wanted = session.wanted(Scope::Global, 1.0 - stays);
        session.prune(0, &wanted).unwrap();
    }
    let keep = session.wanted(Scope::Global, SPARSITY);
    let Readings { records, kept } = session.read().unwrap();
    assert!(records.is_empty(), "scoring is no step");
    assert_eq!(kept.iter().sum::<u32>(), keep[0]);

    assert_left_alone(&mut session, &before, &config, || {
        Session::open(&gpu, &net, &dataset, &config).unwrap()
    });

    // No initial weight is 0, so what is 0 was removed; and so were biases that began there, as they have no score.
    let weights = session.weights().unwrap();
    let ours = weights
        .iter()
        .filter(|(parameter, _)| parameter.is_prunable());
    let ours: Vec<bool> = ours
        .flat_map(|(_, values)| values.iter().map(|&value| value != 0.0))
        .collect();
    let theirs = theirs(name, key);
    assert!(theirs.len() - ours.len() < 8, "the rest fills a byte");
    let both = ours.iter().zip(&theirs).filter(|(a, b)| **a && **b).count();
    let share = f64::from(u32::try_from(both).unwrap()) / f64::from(keep[0]);
    eprintln!("{name}: {:.3} % alike", 100.0 * share);
    // Scores near the threshold lie closer together than single precision tells them; and where a part goes by what the one
    // before left, one such weight moves others: the narrow ResNet-18 is only 0.96 alike after a hundred parts. By what ours
    // left before, PyTorch keeps the same in each of the parts but for a pair that are alike to six digits, there and in the
    // deep network (checked once, by hand).
    assert!(
        share > alike,
        "{name}: only {share} of what is kept is alike"
    );
}

/// What is kept is as it was `before`, running statistics too, and the next step is that of a session that was never asked.
fn assert_left_alone(
    session: &mut Session,
    before: &Snapshot,
    config: &Config,
    open: impl Fn() -> Session,
) {
    let now = session.snapshot().unwrap();
    for (own, was) in now.iter().zip(before) {
        let kept = own.mask.iter().zip(own.weights.iter().zip(&was.weights));
        let moved = kept.filter(|(kept, (own, was))| **kept == 1 && own.to_bits() != was.to_bits());
        assert_eq!(moved.count(), 0, "{}", own.parameter.name);
    }
    let mut fresh = open();
    fresh.restore(&now).unwrap();
    fresh.shuffle(0);
    let losses = [session, &mut fresh].map(|session| {
        session.step(0, 0.0, &config.optimiser).unwrap();
        session.read_records().unwrap()[0].loss.to_bits()
    });
    assert_eq!(losses[0], losses[1], "other images, or another network");
}

const SNIP: Case = Case {
    key: "snip",
    criterion: Criterion::Snip,
    parts: 1,
    biases: false,
    alike: 0.999,
};
const GRASP: Case = Case {
    key: "grasp",
    criterion: Criterion::Grasp,
    parts: 1,
    biases: false,
    alike: 0.99,
};
const SYNFLOW: Case = Case {
    key: "synflow",
    criterion: Criterion::Synflow,
    parts: 10,
    biases: false,
    alike: 0.995,
};

#[test]
fn snip_keeps_of_a_narrow_resnet_18_what_pytorch_keeps() {
    let name = "resnet-18-narrow";
    assert_keeps_the_same(&network(name), name, SNIP);
}

#[test]
fn snip_keeps_of_a_narrow_vgg_what_pytorch_keeps() {
    assert_keeps_the_same(&network("vgg-narrow"), "vgg-narrow", SNIP);
}

#[test]
fn snip_keeps_of_resnet_20_what_pytorch_keeps() {
    assert_keeps_the_same("resnet-20", "resnet-20", SNIP);
}

#[test]
fn snip_keeps_of_weights_and_biases_what_pytorch_keeps() {
    for name in ["vgg-narrow", "deep"] {
        let case = Case {
            key: "snip_with_biases",
            biases: true,
            ..SNIP
        };
        assert_keeps_the_same(&network(name), name, case);
    }
}

#[test]
fn grasp_keeps_of_a_narrow_resnet_18_what_pytorch_keeps() {
    let name = "resnet-18-narrow";
    assert_keeps_the_same(&network(name), name, GRASP);
}

#[test]
fn grasp_keeps_of_a_narrow_vgg_what_pytorch_keeps() {
    assert_keeps_the_same(&network("vgg-narrow"), "vgg-narrow", GRASP);
}

#[test]
fn grasp_keeps_of_resnet_20_what_pytorch_keeps() {
    assert_keeps_the_same("resnet-20", "resnet-20", GRASP);
}

#[test]
fn synflow_keeps_of_a_narrow_resnet_18_what_pytorch_keeps() {
    let name = "resnet-18-narrow";
    assert_keeps_the_same(&network(name), name, SYNFLOW);
}

#[test]
fn synflow_keeps_of_a_narrow_vgg_what_pytorch_keeps() {
    assert_keeps_the_same(&network("vgg-narrow"), "vgg-narrow", SYNFLOW);
}

#[test]
fn synflow_keeps_of_resnet_20_what_pytorch_keeps() {
    assert_keeps_the_same("resnet-20", "resnet-20", SYNFLOW);
}

#[test]
fn synflow_keeps_of_a_deep_network_with_biases_what_pytorch_keeps() {
    let case = Case {
        alike: 0.98,
        ..SYNFLOW
    };
    assert_keeps_the_same(&network("deep"), "deep", case);
}

#[test]
fn images_of_all_classes_give_another_mask_and_leave_the_next_step_alone() {
    let dataset = data::open("mnist-mini", None).unwrap();
    let net = open("lenet-300-100", dataset.input(), dataset.classes).unwrap();
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    for criterion in [Criterion::Snip, Criterion::Grasp] {
        let [next, balanced] = [false, true].map(|balanced| {
            let mut config = Config::default();
            config.train.batch = BATCH;
            config.prune.criterion = criterion;
            config.prune.balanced = balanced;
            let open = || Session::open(&gpu, &net, &dataset, &config).unwrap();
            let mut session = open();
            session.initialise(&config).unwrap();
            session.shuffle(0);
            let before = session.snapshot().unwrap();
            let wanted = session.wanted(Scope::Global, SPARSITY);
            session.prune(3, &wanted).unwrap();
            let after = session.snapshot().unwrap();
            assert_left_alone(&mut session, &before, &config, open);
            after
        });
        assert!(next != balanced, "{criterion:?}");
    }
}
