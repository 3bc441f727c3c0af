//! What runs take in multiply-adds, counted by hand.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/small_net.rs"]
mod small_net;

use std::sync::Arc;
use wgprune::config::{Config, Scope};
use wgprune::data::{self, Dataset};
use wgprune::error::Result;
use wgprune::gpu::{Gpu, Options};
use wgprune::ops::{Criterion, Growth};
use wgprune::train::{
    Checkpoint, Cost, Curve, Length, Observer, Outcome, Schedule, Session, train,
};

/// Keeps the last checkpoint.
#[derive(Default)]
struct Last(Option<Checkpoint>);

impl Observer for Last {
    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.0 = Some(checkpoint.clone());
        Ok(())
    }
}

struct Bench {
    gpu: Arc<Gpu>,
    dataset: Dataset,
}

impl Bench {
    /// Images for epochs of five steps.
    fn new() -> Self {
        let mut dataset = data::open("mnist-mini", None).unwrap();
        for (split, count) in [(&mut dataset.train, 160), (&mut dataset.test, 50)] {
            split.labels.truncate(count);
            split.images.truncate(count * 784);
        }
        let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
        Self { gpu, dataset }
    }

    fn session(&self, config: &Config) -> Session {
        let (input, classes) = (self.dataset.input(), self.dataset.classes);
        let net = config.net(input, classes).unwrap();
        Session::open(&self.gpu, &net, &self.dataset, config).unwrap()
    }

    /// The cost of a run, which is the same wherever it stopped and went on, and unknown where it was when that began.
    fn cost(&self, config: &Config) -> Cost {
        let mut session = self.session(config);
        let schedule = Schedule::new(config, session.train_images()).unwrap();
        let mut run = |from: Option<Checkpoint>, stop: u32| {
            let mut last = Last::default();
            let stops = |step| step >= stop;
            let outcome = train(&mut session, config, &schedule, from, &stops, &mut last);
            (outcome.unwrap(), last.0)
        };
        let cost = |outcome| match outcome {
            Outcome::Finished(finish) => finish.cost,
            Outcome::Stopped(step) => panic!("stopped at {step}"),
        };
        let whole = cost(run(None, u32::MAX).0);
        for stop in [1, 6] {
            let (outcome, last) = run(None, stop);
            assert_eq!(outcome, Outcome::Stopped(stop));
            let mut old = last.clone().unwrap();
            assert_eq!(cost(run(last, u32::MAX).0), whole, "stopped at {stop}");
            old.position.cost = None;
            assert_eq!(cost(run(Some(old), u32::MAX).0), None);
        }
        whole.unwrap()
    }
}

/// A convolution of 4 x 5 x 5 = 100 weights, each of which has a part in 8 x 8 outputs, and a linear layer of 40: 6,440
/// multiply-adds. Each layer is ranked by itself, so that what is left of it is known.
fn config(steps: u32, curve: Curve, sparsity: f64) -> Config {
    let layers = [
        "kind = 'conv2d'\nname = 'conv'\noutputs = 4\nkernel = 5\nstride = 3\nbias = false",
        "kind = 'batch-norm'",
        "kind = 'relu'",
        "kind = 'global-avg-pool'",
        "kind = 'linear'\nname = 'fc'\noutputs = 'classes'",
    ];
    let mut config = small_net::config(layers);
    config.train.length = Length::Steps(steps);
    config.prune.schedule = curve;
    config.prune.sparsity = sparsity;
    config.prune.scope = Scope::Layer;
    config
}

const DENSE: u64 = 6_440;

#[test]
fn layers_count_every_pixel_and_what_is_left() {
    let bench = Bench::new();
    let mut own = config(8, Curve::Linear, 0.8);
    own.prune.exclude = vec!["fc".into()];
    let session = bench.session(&own);
    assert_eq!(session.macs(session.prunable()), DENSE);
    let layers = session.layers(&[20]);
    let counts: Vec<_> = (layers.iter())
        .map(|layer| (&layer.name[..], layer.weights, layer.kept, layer.macs))
        .collect();
    let expected = [("conv.weight", 100, 20, 6_400), ("fc.weight", 40, 40, 40)];
    assert_eq!(counts, expected, "what is excluded is all there");
    assert_eq!(session.macs(&[20]), 20 * 64 + 40);
}

#[test]
fn a_ramp_takes_what_is_left_at_each_step() {
    let bench = Bench::new();
    let dense = bench.cost(&config(8, Curve::None, 0.0));
    assert_eq!((dense.training, dense.scoring), (3 * 8 * DENSE, 0));
    assert!((dense.relative(DENSE, 8) - 1.0).abs() < 1e-12);

    // 40 % from step 0 on, 80 % from step 2 on.
    let mut ramp = config(8, Curve::Linear, 0.8);
    ramp.prune.end = Length::Steps(4);
    ramp.prune.every = "2it".into();
    let cost = bench.cost(&ramp);
    let [first, rest] = [60 * 64 + 24, 20 * 64 + 8];
    assert_eq!(cost.training, 3 * (2 * first + 6 * rest));
    assert_eq!((cost.scoring, cost.passes), (0, 0), "by magnitude");
    // (2 · 0.6 + 6 · 0.2) / 8
    assert!((cost.relative(DENSE, 8) - 0.3).abs() < 1e-12);

    // What is excluded takes as much as ever.
    ramp.prune.exclude = vec!["fc".into()];
    let [first, rest] = [60 * 64 + 40, 20 * 64 + 40];
    assert_eq!(bench.cost(&ramp).training, 3 * (2 * first + 6 * rest));
}

#[test]
fn scores_take_passes_of_the_network_as_it_is_then() {
    let bench = Bench::new();
    let left = 20 * 64 + 8;
    // The root of a fifth is left of each layer after the first of two parts: 45 and 18.
    let halfway = 45 * 64 + 18;
    for (criterion, parts, scoring) in [
        (Criterion::Random, 2, 0),
        (Criterion::Snip, 1, 3 * DENSE),
        (Criterion::Snip, 2, 3 * DENSE + 3 * halfway),
        (Criterion::Synflow, 2, 3 * DENSE + 3 * halfway),
    ] {
        let mut own = config(7, Curve::OneShot, 0.8);
        own.prune.criterion = criterion;
        own.prune.iterations = parts;
        let cost = bench.cost(&own);
        let passes = if scoring > 0 { parts } else { 0 };
        let expected = Cost {
            training: 3 * 7 * left,
            scoring,
            passes,
        };
        assert_eq!(cost, expected, "{criterion:?} in {parts}");
    }
}

#[test]
fn all_rounds_count() {
    let bench = Bench::new();
    let mut own = config(19, Curve::Constant, 0.7);
    own.prune.rewind = "2it".into();
    own.prune.round_share = 0.5;
    // Seven steps, then twice five, with a half and with 30 % of the weights.
    let all = 7 * DENSE + 5 * (50 * 64 + 20) + 5 * (30 * 64 + 12);
    let cost = bench.cost(&own);
    assert_eq!((cost.training, cost.scoring), (3 * all, 0));
    assert!((cost.relative(DENSE, 19) - (7.0 + 2.5 + 1.5) / 19.0).abs() < 1e-12);
}

#[test]
fn steps_whose_gradients_decide_what_grows_have_all_gradients_of_weights() {
    let bench = Bench::new();
    let mut own = config(12, Curve::Linear, 0.8);
    own.prune.end = Length::Steps(9);
    own.prune.every = "3it".into();
    own.prune.regrow_end = Length::Steps(10);
    // A third of the way from step 0 on, two thirds from 3 on, and all from 6 on.
    let [first, second, rest] = [(73, 29), (47, 19), (20, 8)].map(|(conv, fc)| conv * 64 + fc);
    let sparse = 3 * (3 * first + 3 * second + 6 * rest);
    // The steps before 3, 6 and 9.
    let dense = 3 * DENSE - first - second - rest;
    for (growth, more) in [(Growth::Random, 0), (Growth::Gradient, dense)] {
        own.prune.regrow = growth;
        assert_eq!(bench.cost(&own).training, sparse + more, "{growth:?}");
    }
}
