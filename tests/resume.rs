//! A run that stops anywhere and goes on reaches the same bytes as one that does not, whatever its configuration.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;
#[path = "common/stops.rs"]
mod stops;

use program::{assert_same_outcome, here, json_in};
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use std::io::ErrorKind;
use stops::Bench;
use wgprune::config::{Config, METHODS, Margin, OptimiserKind, PruneConfig, RateKind, Scope};
use wgprune::error::{Error, Result};
use wgprune::net::Network;
use wgprune::ops::Record;
use wgprune::run::{Environment, RunDir};
use wgprune::train::{
    Checkpoint, Curve, EpochSummary, Length, Observer, Schedule, train, train_images,
};

/// The smaller network, by SGD or Adam.
fn config(adam: bool, batch: u32, steps: u32) -> Config {
    let mut config = Config {
        model: "lenet-300-100".into(),
        ..Config::default()
    };
    if adam {
        config.optimiser.kind = OptimiserKind::Adam;
        config.learning_rate.initial = 1e-3;
    }
    config.train.batch = batch;
    config.train.length = Length::Steps(steps);
    config
}

/// Configurations of all kinds, with the number of their steps. Few are of the larger network, and those have so few
/// images to train on that they too come to a second epoch.
fn configs() -> impl Strategy<Value = (Config, u32)> {
    let validation = prop_oneof![Just(0u32), 1..40u32];
    let batch = prop_oneof![Just(16u32), Just(32), Just(48)];
    let small = (Just("lenet-300-100"), validation, batch, 5..24u32);
    let large = (Just("lenet-5"), 152..176u32, Just(8u32), 4..10u32);
    let sizes = prop_oneof![9 => small, 1 => large];
    let flags = prop::array::uniform6(any::<bool>());
    let dense = prop::bool::weighted(0.2);
    (sizes, any::<u32>(), flags, dense, 0.5..0.99).prop_map(
        |((model, validation, batch, steps), seed, flags, dense, sparsity)| {
            let [adam, layer, augmented, nesterov, smooth, per_epoch] = flags;
            let mut config = config(adam, batch, steps);
            config.model = model.into();
            config.seed = seed.into();
            config.optimiser.nesterov = nesterov;
            config.learning_rate.per_epoch = per_epoch;
            config.data.validation = validation;
            config.prune.sparsity = sparsity;
            if dense {
                config.prune.schedule = Curve::None;
            }
            if layer {
                config.prune.scope = Scope::Layer;
            }
            if augmented {
                (config.data.rotation, config.data.translation) = (10.0, 0.1);
                (config.data.contrast, config.data.erase) = (0.4, 0.5);
            }
            if smooth {
                config.train.label_smoothing = 0.1;
            }
            (config, steps)
        },
    )
}

#[test]
fn stopping_and_going_on_equals_not_stopping() {
    let bench = Bench::new();
    // Where to stop, as shares of the run; a stop that lies behind is one after the next step.
    let stops = prop::collection::vec(0.0..1.0, 1..4);
    let cases = Cases {
        cases: 10,
        failure_persistence: None,
        max_shrink_iters: 20,
        ..Cases::default()
    };
    let run = |((config, steps), stops): ((Config, u32), Vec<f64>)| {
        let folder = here();
        let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
        assert!(bench.advance(&config, &whole, u32::MAX));
        for stop in stops {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share"
            )]
            let stop = (stop * f64::from(steps)) as u32;
            if bench.advance(&config, &parts, stop) {
                break;
            }
        }
        bench.advance(&config, &parts, u32::MAX);
        assert_same_outcome(&whole, &parts);
        Ok(())
    };
    TestRunner::new(cases)
        .run(&(configs(), stops), run)
        .unwrap();
}

/// A small network with all that is drawn by chance or follows the batches, and a run with all that a step depends on.
fn rich(kind: OptimiserKind) -> Config {
    let mut config = config(kind == OptimiserKind::Adam, 32, 13);
    let layers = [
        "kind = 'conv2d'\noutputs = 4\nkernel = 5\nstride = 3\nbias = false",
        "kind = 'batch-norm'\nname = 'bn'",
        "kind = 'relu'",
        "kind = 'global-avg-pool'",
        "kind = 'dropout'\nrate = 0.3",
        "kind = 'linear'\noutputs = 'classes'",
    ];
    let text: String = layers.map(|layer| format!("[[layer]]\n{layer}\n")).concat();
    config.network = Some(toml::from_str::<Network>(&text).unwrap());
    config.model = "small".into();
    (config.data.crop, config.data.crop_margin, config.data.flip) = (2, Margin::Reflect, true);
    config.optimiser.clip_norm = 0.5;
    config.learning_rate.initial = 0.1;
    config.learning_rate.schedule = RateKind::OneCycle;
    config.prune.sparsity = 0.5;
    config
}

#[test]
fn running_statistics_dropout_clipping_and_momentum_go_on_where_they_were() {
    let bench = Bench::new();
    for kind in [OptimiserKind::Sgd, OptimiserKind::Adam] {
        let config = rich(kind);
        let folder = here();
        let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
        assert!(bench.advance(&config, &whole, u32::MAX));
        // Within the first epoch of six steps, at its end, and on the way down.
        for stop in [3, 6, 9] {
            assert!(!bench.advance(&config, &parts, stop));
        }
        assert!(bench.advance(&config, &parts, u32::MAX));
        assert_same_outcome(&whole, &parts);
    }
}

/// Updates before steps and after them, and masks that a run begins with.
#[test]
fn every_method_goes_on_where_it_was() {
    let bench = Bench::new();
    for method in METHODS {
        let edits = [("prune.method".to_owned(), method.name.into())];
        let prune = Config::resolve(None, &edits).unwrap().prune;
        let mut config = rich(OptimiserKind::Sgd);
        config.prune = PruneConfig {
            // Of so small a network, no narrow one is left at 0.8.
            sparsity: if prune.narrow { 0.5 } else { 0.8 },
            every: "2it".into(),
            round_share: 0.5,
            ..prune
        };
        let folder = here();
        let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
        assert!(bench.advance(&config, &whole, u32::MAX), "{}", method.name);
        // Before the first step, and right before and after an update.
        for stop in [0, 4, 7] {
            assert!(!bench.advance(&config, &parts, stop));
        }
        assert!(bench.advance(&config, &parts, u32::MAX));
        assert_same_outcome(&whole, &parts);
    }
}

#[test]
fn all_that_the_rich_run_has_matters_to_it() {
    let bench = Bench::new();
    let weights = |config: &Config| {
        let folder = here();
        let run = folder.path().join("run");
        assert!(bench.advance(config, &run, u32::MAX));
        std::fs::read(run.join("final.safetensors")).unwrap()
    };
    let rich = rich(OptimiserKind::Sgd);
    let whole = weights(&rich);
    type Change = (&'static str, fn(&mut Config));
    let without: [Change; 4] = [
        ("clipping", |config| config.optimiser.clip_norm = 0.0),
        ("momentum", |config| {
            config.learning_rate.one_cycle.max_momentum = 0.85;
        }),
        ("crop", |config| config.data.crop = 0),
        ("flip", |config| config.data.flip = false),
    ];
    for (what, change) in without {
        let mut plain = rich.clone();
        change(&mut plain);
        assert!(weights(&plain) != whole, "{what} changes nothing");
    }
}

/// A run folder on a disk that is full after so many epochs.
struct Full {
    run: RunDir,
    epochs: u32,
}

impl Observer for Full {
    fn steps(&mut self, first: u32, records: &[Record], schedule: &Schedule) -> Result<()> {
        self.run.steps(first, records, schedule)
    }

    fn pruned(&mut self, step: u32, sparsity: f64, kept: &[u32]) -> Result<()> {
        self.run.pruned(step, sparsity, kept)
    }

    fn epoch(&mut self, summary: &EpochSummary) -> Result<()> {
        if summary.epoch > self.epochs {
            return Err(Error::output(
                self.run.path(),
                &ErrorKind::StorageFull.into(),
            ));
        }
        self.run.epoch(summary)
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.run.checkpoint(checkpoint)
    }
}

#[test]
fn a_run_that_failed_says_how_to_go_on_and_can() {
    let bench = Bench::new();
    let config = config(false, 32, 15);
    let folder = here();
    let [whole, broken] = ["whole", "broken"].map(|name| folder.path().join(name));
    assert!(bench.advance(&config, &whole, u32::MAX));
    let mut session = bench.session(&config);
    let environment = Environment::of(&bench.gpu.adapter);
    let run = RunDir::create(
        Some(&broken),
        &config,
        bench.dataset.sha256(),
        &session,
        &environment,
        Some(1),
    );
    let mut full = Full {
        run: run.unwrap(),
        epochs: 1,
    };
    let schedule = Schedule::new(&config, train_images(&config, &bench.dataset).unwrap()).unwrap();
    let failed = train(
        &mut session,
        &config,
        &schedule,
        None,
        &|_| false,
        &mut full,
    );
    let error = full.run.failed(failed.unwrap_err());
    let wanted = format!(
        "step 6 is saved; then go on with: wgprune train --resume {}",
        broken.display()
    );
    assert!(error.help.ends_with(&wanted), "{error}");
    drop(full);
    let record = json_in(&broken, "run.json");
    assert_eq!(
        (&record["state"], &record["error"]["code"]),
        (&"failed".into(), &8.into())
    );
    assert!(bench.advance(&config, &broken, u32::MAX));
    assert_same_outcome(&whole, &broken);
}

#[test]
fn a_snapshot_restores_what_was_there_and_is_refused_elsewhere() {
    let bench = Bench::new();
    let sgd = config(false, 16, 5);
    let adam = config(true, 16, 5);
    let mut session = bench.session(&sgd);
    session.initialise(&sgd).unwrap();
    session.shuffle(0);
    session.step(0, 0.05, &sgd.optimiser).unwrap();
    session.prune(0, &[1000]).unwrap();
    session.read().unwrap();
    let snapshot = session.snapshot().unwrap();
    let kept: usize = snapshot
        .iter()
        .filter(|of| of.parameter.is_prunable())
        .map(|of| of.mask.iter().filter(|&&kept| kept == 1).count())
        .sum();
    assert_eq!(kept, 1000);
    assert!(
        snapshot
            .iter()
            .all(|of| of.state.iter().flatten().any(|&value| value != 0.0))
    );

    let mut other = bench.session(&sgd);
    other.restore(&snapshot).unwrap();
    assert!(other.snapshot().unwrap() == snapshot);
    assert_eq!(other.read().unwrap().kept.iter().sum::<u32>(), 1000);

    let error = bench.session(&adam).restore(&snapshot).unwrap_err();
    assert!(error.what.contains("differs at fc1.weight"), "{error}");
    let mut short = snapshot.clone();
    short.pop();
    assert!(
        other
            .restore(&short)
            .unwrap_err()
            .what
            .contains("differs at fc3.bias")
    );
    let mut infinite = snapshot.clone();
    infinite[2].state[0][5] = f32::NAN;
    assert!(
        other
            .restore(&infinite)
            .unwrap_err()
            .what
            .contains("fc2.weight has a value")
    );
    assert!(other.snapshot().unwrap() == snapshot, "nothing was changed");
}
