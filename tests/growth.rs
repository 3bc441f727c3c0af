//! Masks that move during training: as many weights as before in each layer, the smallest dropped, those of the largest
//! gradients grown, and what grows begins at 0 and at rest.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use std::sync::Arc;
use wgprune::config::{Config, Scope};
use wgprune::data;
use wgprune::gpu::{Gpu, Options};
use wgprune::net::{Shape, by_name};
use wgprune::ops::{Criterion, Growth};
use wgprune::train::{
    Length, Observer, ParameterState, Schedule, Session, Snapshot, moved_at, train,
};

/// A session of a method, and its configuration, without momentum: so a step leaves the gradient as the velocity.
fn session(gpu: &Arc<Gpu>, method: &str, momentum: f32) -> (Session, Config) {
    let dataset = data::open("mnist-mini", None).unwrap();
    let net = by_name("lenet-300-100", Shape { h: 28, w: 28, c: 1 }, 10).unwrap();
    let mut config = Config::resolve(None, &[("prune.method".into(), method.into())]).unwrap();
    config.train.batch = 32;
    config.optimiser.momentum = momentum;
    config.optimiser.weight_decay = 0.0;
    let mut session = Session::open(gpu, &net, &dataset, &config).unwrap();
    session.initialise(&config).unwrap();
    session.shuffle(0);
    (session, config)
}

fn prunable(snapshot: &Snapshot) -> impl Iterator<Item = &ParameterState> {
    (snapshot.iter()).filter(|state| state.parameter.is_prunable())
}

fn largest(values: impl Iterator<Item = f32>, count: u32) -> f32 {
    let mut values: Vec<f32> = values.map(f32::abs).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values[count as usize - 1]
}

#[test]
fn the_smallest_weights_drop_out_and_those_of_the_largest_gradients_grow() {
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    let (mut own, config) = session(&gpu, "rigl", 0.0);
    let wanted = own.wanted(Scope::Erk, 0.8);
    own.sparsify(&wanted).unwrap();
    assert_eq!(own.kept().unwrap(), wanted);
    let start = own.snapshot().unwrap();

    // The gradients of all weights: those of a network with the same weights, none of them masked.
    let (mut full, _) = session(&gpu, "rigl", 0.0);
    let mut unmasked = start.clone();
    for state in &mut unmasked {
        state.mask.fill(1);
    }
    full.restore(&unmasked).unwrap();
    full.step(0, 0.01, &config.optimiser).unwrap();
    full.read().unwrap();
    let gradients = full.snapshot().unwrap();

    own.step(0, 0.01, &config.optimiser).unwrap();
    own.read().unwrap();
    let before = own.snapshot().unwrap();
    own.regrow(1, 0.3, &wanted).unwrap();
    assert_eq!(own.kept().unwrap(), wanted, "as many as before");
    let after = own.snapshot().unwrap();
    let layers = prunable(&before)
        .zip(prunable(&after))
        .zip(prunable(&gradients));
    for (((before, after), gradient), kept) in layers.zip(&wanted) {
        let name = &before.parameter.name;
        let moved = moved_at(0.3, *kept);
        let active = |i: &usize| before.mask[*i] == 1;
        let all = 0..before.mask.len();
        let weights = all.clone().filter(active).map(|i| before.weights[i]);
        let least = largest(weights, kept - moved);
        let stays = |i: usize| before.mask[i] == 1 && before.weights[i].abs() >= least;
        let slopes: Vec<f32> = (all.clone().filter(|&i| !stays(i)))
            .map(|i| gradient.state[0][i])
            .collect();
        let steep = largest(slopes.iter().copied(), moved);
        // Where not all of them grow, gradients of 0 would be ties.
        assert!(steep > 0.0 || slopes.len() == moved as usize, "{name}");
        for i in all {
            let grows = !stays(i) && gradient.state[0][i].abs() >= steep;
            assert_eq!(after.mask[i] == 1, stays(i) || grows, "{name} {i}");
            let (weight, momentum) = (after.weights[i], after.state[0][i]);
            if after.mask[i] == 0 || before.mask[i] == 0 {
                assert_eq!((weight, momentum), (0.0, 0.0), "{name} {i}");
            } else {
                let was = (before.weights[i], before.state[0][i]);
                assert_eq!((weight, momentum), was, "{name} {i} keeps its value");
            }
        }
    }
}

#[test]
fn random_growth_is_other_weights_at_each_update() {
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    let (mut session, config) = session(&gpu, "set", 0.9);
    let wanted = session.wanted(Scope::Layer, 0.9);
    session.sparsify(&wanted).unwrap();
    let first = session.snapshot().unwrap();
    let mut grown = Vec::new();
    for step in 1..3 {
        session.restore(&first).unwrap();
        session.step(0, 0.01, &config.optimiser).unwrap();
        session.read().unwrap();
        session.regrow(step, 0.5, &wanted).unwrap();
        assert_eq!(session.kept().unwrap(), wanted);
        let after = session.snapshot().unwrap();
        let masks = prunable(&first).zip(prunable(&after));
        let new = masks.flat_map(|(first, after)| {
            let pairs = first.mask.iter().zip(&after.mask);
            pairs.map(|(was, is)| *was == 0 && *is == 1)
        });
        grown.push(new.collect::<Vec<bool>>());
    }
    let count = |grown: &[bool]| grown.iter().filter(|&&new| new).count();
    let both: Vec<bool> = (grown[0].iter().zip(&grown[1]))
        .map(|(a, b)| *a && *b)
        .collect();
    let moved: u32 = wanted.iter().map(|&kept| moved_at(0.5, kept)).sum();
    // Most of the places that weights may grow at were empty; and two draws have few of them in common.
    assert!(count(&grown[0]) > moved as usize * 8 / 10);
    assert!(count(&both) < count(&grown[0]) / 5);
}

/// What pruning removes and the same update lets grow again begins anew, and not with the momentum that it had.
#[test]
fn what_grows_where_a_weight_was_just_removed_begins_at_rest() {
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    let (mut session, config) = session(&gpu, "granet", 0.9);
    for step in 0..3 {
        session.step(step, 0.1, &config.optimiser).unwrap();
    }
    session.read().unwrap();
    let before = session.snapshot().unwrap();
    let wanted = session.wanted(Scope::Global, 0.5);
    session.prune(3, &wanted).unwrap();
    let removed = session.snapshot().unwrap();
    let (kept, new) = session.kept_and_new().unwrap();
    assert_eq!(new, [0; 3], "nothing grew yet");
    session.regrow(3, 0.5, &kept).unwrap();
    let (now, new) = session.kept_and_new().unwrap();
    assert_eq!(now, kept);
    assert!(new.iter().all(|&new| new > 0), "{new:?}");
    let after = session.snapshot().unwrap();
    let layers = prunable(&before)
        .zip(prunable(&removed))
        .zip(prunable(&after));
    let mut moving = 0;
    for ((before, removed), after) in layers {
        for i in 0..after.mask.len() {
            if removed.mask[i] == 0 && after.mask[i] == 1 {
                let now = (after.weights[i], after.state[0][i]);
                assert_eq!(now, (0.0, 0.0), "{} {i}", after.parameter.name);
                moving += u32::from(before.state[0][i] != 0.0);
            }
        }
    }
    assert!(moving > 1000, "only {moving} of them had momentum");
}

struct Unheard;

impl Observer for Unheard {}

/// An epoch ends with a test, and with it may come an update: of images to train on, those that come next.
#[test]
fn what_is_tested_on_has_no_part_in_what_is_removed() {
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    let mut config = Config::default();
    config.prune.criterion = Criterion::Snip;
    config.prune.regrow = Growth::Random;
    config.prune.every = "1ep".into();
    config.train.batch = 32;
    config.train.length = Length::Epochs(4);
    let ends = [40, 1].map(|test_images: usize| {
        let mut dataset = data::open("mnist-mini", None).unwrap();
        for (split, images) in [(&mut dataset.train, 128), (&mut dataset.test, test_images)] {
            split.labels.truncate(images);
            split.images.truncate(images * 784);
        }
        let net = by_name("lenet-300-100", dataset.input(), dataset.classes).unwrap();
        let mut session = Session::open(&gpu, &net, &dataset, &config).unwrap();
        let schedule = Schedule::new(&config, session.train_images()).unwrap();
        let never = |_| false;
        train(&mut session, &config, &schedule, None, &never, &mut Unheard).unwrap();
        session.snapshot().unwrap()
    });
    assert!(ends[0] == ends[1], "another test set, another network");
}
