//! Pruning during training, step by step: what is removed stays removed, is exactly zero, and is as much as was asked for.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use std::sync::Arc;
use wgprune::config::{Collapse, Config, OptimiserKind, Scope};
use wgprune::data;
use wgprune::gpu::{Gpu, Options};
use wgprune::net::{Shape, by_name};
use wgprune::ops::Criterion;
use wgprune::train::{Readings, Session, kept_at};

/// Positions of the weights proper, over all tensors in file order, that are zero.
fn zeros(session: &Session) -> Vec<bool> {
    let weights = session.weights().unwrap();
    let prunable = weights
        .iter()
        .filter(|(parameter, _)| parameter.is_prunable());
    prunable
        .flat_map(|(_, values)| values.iter().map(|&value| value == 0.0))
        .collect()
}

#[test]
fn removed_weights_are_zero_after_every_step_and_never_return() {
    let dataset = data::open("mnist-mini", None).unwrap();
    let net = by_name("lenet-300-100", Shape { h: 28, w: 28, c: 1 }, 10).unwrap();
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    for (scope, criterion, kind) in [
        (Scope::Global, Criterion::Magnitude, OptimiserKind::Sgd),
        (Scope::Layer, Criterion::Magnitude, OptimiserKind::Adam),
        (Scope::Erk, Criterion::Random, OptimiserKind::Sgd),
        (Scope::Global, Criterion::Snip, OptimiserKind::Adam),
    ] {
        let mut config = Config::default();
        config.train.batch = 32;
        config.prune.scope = scope;
        config.prune.criterion = criterion;
        config.optimiser.kind = kind;
        let mut session = Session::open(&gpu, &net, &dataset, &config).unwrap();
        session.initialise(&config).unwrap();
        session.shuffle(0);
        let mut removed = vec![false; session.prunable().iter().sum::<u32>() as usize];
        for (step, sparsity) in (0..).zip([
            Some(0.333),
            None,
            Some(0.9),
            None,
            Some(0.98),
            None,
            Some(0.9999),
            None,
        ]) {
            if let Some(sparsity) = sparsity {
                let total = match scope {
                    Scope::Layer => (session.prunable().iter())
                        .map(|&n| kept_at(sparsity, n))
                        .sum(),
                    _ => kept_at(sparsity, session.prunable().iter().sum()),
                };
                let wanted = session.wanted(scope, sparsity);
                session.prune(step, &wanted).unwrap();
                let Readings { records, kept } = session.read().unwrap();
                assert_eq!(
                    records.len(),
                    usize::from(step > 0) * 2,
                    "scoring is no step"
                );
                assert!(records.iter().all(|record| record.fault().is_none()));
                assert_eq!(kept.iter().sum::<u32>(), total, "{scope:?} at {sparsity}");
                assert!(
                    scope == Scope::Global || kept == wanted,
                    "{kept:?}, not {wanted:?}"
                );
                removed = zeros(&session);
                assert_eq!(
                    removed.iter().filter(|&&zero| !zero).count(),
                    total as usize
                );
            }
            session.step(step, 0.001, &config.optimiser).unwrap();
            let after = zeros(&session);
            assert!(
                removed
                    .iter()
                    .zip(&after)
                    .all(|(removed, zero)| !removed || *zero),
                "a removed weight came back at step {step} under {scope:?}"
            );
        }
        assert!(
            session
                .read_records()
                .unwrap()
                .iter()
                .all(|record| record.fault().is_none())
        );
    }
}

#[test]
fn excluded_layers_stay_as_they_are_and_sparsity_is_that_of_the_others() {
    let dataset = data::open("mnist-mini", None).unwrap();
    let mut net = by_name("lenet-300-100", Shape { h: 28, w: 28, c: 1 }, 10).unwrap();
    net.exclude(&["fc2".into()]).unwrap();
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    for scope in [Scope::Global, Scope::Layer, Scope::Erk, Scope::Smart] {
        let mut config = Config::default();
        config.prune.scope = scope;
        let mut session = Session::open(&gpu, &net, &dataset, &config).unwrap();
        session.initialise(&config).unwrap();
        let before = session.weights().unwrap();
        session.prune(0, &session.wanted(scope, 0.9)).unwrap();
        let kept = session.read().unwrap().kept;
        assert_eq!(session.prunable(), [784 * 300, 100 * 10]);
        assert_eq!(session.excluded().collect::<Vec<_>>(), ["fc2.weight"]);
        assert!((session.sparsity(&kept) - 0.9).abs() < 1e-5, "{scope:?}");
        for ((parameter, values), (_, old)) in session.weights().unwrap().iter().zip(&before) {
            let changed = values != old;
            assert!(parameter.is_prunable() || !changed, "{}", parameter.name);
        }
    }
}

#[test]
fn a_layer_keeps_its_highest_weight_unless_it_may_lose_all() {
    let dataset = data::open("mnist-mini", None).unwrap();
    let net = by_name("lenet-300-100", Shape { h: 28, w: 28, c: 1 }, 10).unwrap();
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    // The smaller a layer, the larger its initial weights.
    for (collapse, expected) in [
        (Collapse::Allow, [0, 0, 27]),
        (Collapse::Error, [0, 0, 27]),
        (Collapse::KeepOne, [1, 1, 25]),
    ] {
        let mut config = Config::default();
        config.prune.collapse = collapse;
        let mut session = Session::open(&gpu, &net, &dataset, &config).unwrap();
        session.initialise(&config).unwrap();
        let before = session.weights().unwrap();
        session
            .prune(0, &session.wanted(Scope::Global, 0.9999))
            .unwrap();
        assert_eq!(session.read().unwrap().kept, expected, "{collapse:?}");
        let (_, old) = &before[0];
        let (_, new) = &session.weights().unwrap()[0];
        let largest = old
            .iter()
            .copied()
            .max_by(|a, b| a.abs().total_cmp(&b.abs()));
        let left: Vec<f32> = new.iter().copied().filter(|&value| value != 0.0).collect();
        let wanted: Vec<f32> = largest.into_iter().take(expected[0] as usize).collect();
        assert_eq!(left, wanted, "{collapse:?}");
    }
}

#[test]
fn what_moved_least_or_was_least_at_the_start_goes() {
    for criterion in [Criterion::Movement, Criterion::InitialMagnitude] {
        assert_ranked_by_the_start(criterion);
    }
}

fn assert_ranked_by_the_start(criterion: Criterion) {
    let dataset = data::open("mnist-mini", None).unwrap();
    let net = by_name("lenet-300-100", Shape { h: 28, w: 28, c: 1 }, 10).unwrap();
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    let mut config = Config::default();
    config.prune.criterion = criterion;
    let mut session = Session::open(&gpu, &net, &dataset, &config).unwrap();
    session.initialise(&config).unwrap();
    session.remember().unwrap();
    let values = |session: &Session| -> Vec<f32> {
        let weights = session.weights().unwrap().into_iter();
        let prunable = weights.filter(|(parameter, _)| parameter.is_prunable());
        prunable.flat_map(|(_, values)| values).collect()
    };
    let start = values(&session);
    session.shuffle(0);
    for step in 0..4 {
        session.step(step, 0.1, &config.optimiser).unwrap();
    }
    let scores: Vec<f32> = (values(&session).iter().zip(&start))
        .map(|(now, start)| match criterion {
            Criterion::InitialMagnitude => start.abs(),
            _ => (now - start).abs(),
        })
        .collect();
    // Beside weights of pixels that are always black, which stay where they are.
    let keep = session.wanted(Scope::Global, 0.7);
    session.prune(4, &keep).unwrap();
    let removed = zeros(&session);
    let of = |gone: bool| {
        let own = scores.iter().zip(&removed);
        own.filter(move |(_, removed)| **removed == gone)
            .map(|(score, _)| *score)
    };
    let (least, most) = (
        of(false).fold(f32::MAX, f32::min),
        of(true).fold(0.0, f32::max),
    );
    assert!(
        least >= most && most > 0.0,
        "{least} stayed and {most} went"
    );
    assert_eq!(of(false).count(), keep[0] as usize);
}
