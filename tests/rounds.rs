//! Rounds of training, pruning and rewinding: what is left goes back to what it was, and to the same images.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use std::sync::Arc;
use wgprune::config::{Budget, Config, OptimiserKind};
use wgprune::data::{self, Dataset};
use wgprune::error::Result;
use wgprune::gpu::{Gpu, Options};
use wgprune::net::Network;
use wgprune::ops::Record;
use wgprune::train::{
    Checkpoint, EpochSummary, Length, Observer, ParameterState, Schedule, Session, Snapshot, train,
};

/// What a run told.
#[derive(Default)]
struct Told {
    losses: Vec<f32>,
    updates: Vec<(u32, f64)>,
    epochs: Vec<(u32, u32)>,
    checkpoints: Vec<(u32, Snapshot)>,
}

impl Observer for Told {
    fn steps(&mut self, first: u32, records: &[Record], _: &Schedule) -> Result<()> {
        assert_eq!(first as usize, self.losses.len(), "no step twice");
        self.losses.extend(records.iter().map(|record| record.loss));
        Ok(())
    }

    fn pruned(&mut self, step: u32, sparsity: f64, _: &[u32]) -> Result<()> {
        self.updates.push((step, sparsity));
        Ok(())
    }

    fn epoch(&mut self, summary: &EpochSummary) -> Result<()> {
        self.epochs.push((summary.epoch, summary.step));
        Ok(())
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let Checkpoint { position, snapshot } = checkpoint;
        self.checkpoints.push((position.step, snapshot.clone()));
        Ok(())
    }
}

fn small_set() -> Dataset {
    let mut dataset = data::open("mnist-mini", None).unwrap();
    for (split, count) in [(&mut dataset.train, 160), (&mut dataset.test, 50)] {
        split.labels.truncate(count);
        split.images.truncate(count * 784);
    }
    dataset
}

/// A small network with running statistics, in epochs of five steps.
fn config(kind: OptimiserKind, steps: u32, rewind: &str) -> Config {
    let edits = [("prune.method".to_owned(), "lth".into())];
    let mut config = Config::resolve(None, &edits).unwrap();
    let layers = [
        "kind = 'conv2d'\noutputs = 4\nkernel = 5\nstride = 3\nbias = false",
        "kind = 'batch-norm'",
        "kind = 'relu'",
        "kind = 'global-avg-pool'",
        "kind = 'linear'\noutputs = 'classes'",
    ];
    let text: String = layers.map(|layer| format!("[[layer]]\n{layer}\n")).concat();
    config.network = Some(toml::from_str::<Network>(&text).unwrap());
    config.model = "small".into();
    config.optimiser.kind = kind;
    config.learning_rate.initial = 0.01;
    config.train.batch = 32;
    config.train.length = Length::Steps(steps);
    config.prune.sparsity = 0.7;
    config.prune.round_share = 0.5;
    config.prune.rewind = rewind.into();
    config
}

fn told(config: &Config) -> Told {
    let dataset = small_set();
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    let net = config.net(dataset.input(), dataset.classes).unwrap();
    let mut session = Session::open(&gpu, &net, &dataset, config).unwrap();
    let schedule = Schedule::new(config, session.train_images()).unwrap();
    let mut told = Told::default();
    let outcome = train(&mut session, config, &schedule, None, &|_| false, &mut told);
    outcome.unwrap();
    told
}

#[test]
fn weights_go_back_to_the_step_and_the_optimiser_to_rest() {
    for kind in [OptimiserKind::Sgd, OptimiserKind::Adam] {
        // 19 steps make trainings of seven, two steps of which are not done again.
        let run = told(&config(kind, 19, "2it"));
        assert_eq!(run.losses.len(), 7 + 5 + 5);
        let sparsities: Vec<u32> = run.updates.iter().map(|update| update.0).collect();
        assert_eq!(sparsities, [7, 12]);
        for ((_, sparsity), target) in run.updates.iter().zip([0.5, 0.7]) {
            assert!((sparsity - target).abs() < 0.01, "{sparsity}");
        }
        // At the end of the first epoch, of each training, and of the epoch that each begins within.
        let ends = [(1, 5), (2, 7), (3, 10), (4, 12), (5, 15), (6, 17)];
        assert_eq!(run.epochs, ends);
        let of = |at: u32| {
            &run.checkpoints
                .iter()
                .find(|(step, _)| *step == at)
                .unwrap()
                .1
        };
        // The remembered weights are the same in all that follows.
        for (first, later) in of(7).iter().zip(of(17)) {
            let remembered = |state: &ParameterState| state.state.last().unwrap().clone();
            assert_eq!(remembered(first), remembered(later));
            assert_eq!(
                first.state.len(),
                if kind == OptimiserKind::Sgd { 2 } else { 3 }
            );
        }
    }
}

#[test]
fn a_rewinding_is_exact() {
    let config = config(OptimiserKind::Adam, 19, "2it");
    let dataset = small_set();
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    let net = config.net(dataset.input(), dataset.classes).unwrap();
    let mut session = Session::open(&gpu, &net, &dataset, &config).unwrap();
    session.initialise(&config).unwrap();
    session.shuffle(0);
    let step = |session: &mut Session, step| {
        session.step(step, 0.01, &config.optimiser).unwrap();
        session.read().unwrap();
    };
    step(&mut session, 0);
    let then = session.snapshot().unwrap();
    session.remember().unwrap();
    (1..5).for_each(|i| step(&mut session, i));
    session.prune(5, &[60]).unwrap();
    let pruned = session.snapshot().unwrap();
    session.rewind().unwrap();
    let back = session.snapshot().unwrap();
    let mut moved = 0;
    for ((then, pruned), back) in then.iter().zip(&pruned).zip(&back) {
        let name = &then.parameter.name;
        assert_eq!(back.mask, pruned.mask, "{name}");
        for (i, weight) in back.weights.iter().enumerate() {
            let expected = if pruned.mask[i] == 1 {
                then.weights[i]
            } else {
                0.0
            };
            assert_eq!(weight.to_bits(), expected.to_bits(), "{name} {i}");
            moved += usize::from(pruned.weights[i] != *weight);
        }
        let (remembered, moments) = back.state.split_last().unwrap();
        assert_eq!(remembered, &then.weights, "{name}");
        assert!(
            moments.iter().flatten().all(|&value| value == 0.0),
            "{name}"
        );
    }
    assert!(moved > 50, "training had changed weights and statistics");
}

/// With one weight removed, a second training is the first once more, from where it is gone back to: the same images, rates
/// and weights.
#[test]
fn a_round_repeats_the_training_but_for_what_it_lacks() {
    for (kind, rewind, from) in [
        (OptimiserKind::Adam, "0it", 0),
        (OptimiserKind::Sgd, "2it", 2),
    ] {
        let mut config = config(kind, 7, rewind);
        config.prune.round_budget = Budget::Each;
        config.prune.round_share = 0.01;
        config.prune.sparsity = 0.007;
        // Momentum begins anew where the training does not.
        config.optimiser.momentum = 0.0;
        let run = told(&config);
        let (first, second) = run.losses.split_at(7);
        assert_eq!(second.len(), 7 - from);
        for (a, b) in first[from..].iter().zip(second) {
            assert!((a - b).abs() < 0.01, "{first:?} {second:?}");
        }
        let moved = (first[0] - first[6]).abs();
        assert!(moved > 0.02, "a training moves the loss: {first:?}");
    }
}

/// Adam's first step after it was put at rest moves every weight by about the learning rate, wherever in a training it is.
#[test]
fn adam_begins_anew_where_it_is_put_at_rest() {
    // A training of three steps, and one more of the last of them.
    let mut config = config(OptimiserKind::Adam, 3, "2it");
    config.prune.round_share = 0.01;
    config.prune.sparsity = 0.007;
    config.prune.round_budget = Budget::Each;
    let run = told(&config);
    let (_, last) = run.checkpoints.last().unwrap();
    let mut steps = Vec::new();
    for state in last.iter().filter(|state| state.parameter.is_prunable()) {
        let remembered = state.state.last().unwrap();
        let kept = (0..state.weights.len()).filter(|&i| state.mask[i] == 1);
        steps.extend(kept.map(|i| (state.weights[i] - remembered[i]).abs()));
    }
    steps.sort_by(f32::total_cmp);
    let median = steps[steps.len() / 2];
    // The cosine has come to a quarter of the rate.
    assert!((0.0024..0.0026).contains(&median), "{median}");
}
