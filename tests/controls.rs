//! Sanity checks of methods: masks that are shuffled or turned round, weights that begin anew, and labels that are mixed.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use std::sync::Arc;
use wgprune::config::{Config, Control};
use wgprune::data;
use wgprune::error::Result;
use wgprune::gpu::{Gpu, Options};
use wgprune::ops::Record;
use wgprune::train::{Length, Observer, Schedule, Session, Snapshot, train};

/// Losses of all steps.
#[derive(Default)]
struct Losses(Vec<f32>);

impl Observer for Losses {
    fn steps(&mut self, _: u32, records: &[Record], _: &Schedule) -> Result<()> {
        self.0.extend(records.iter().map(|record| record.loss));
        Ok(())
    }
}

fn config(method: &str, control: Control) -> Config {
    let edits = [("prune.method".to_owned(), method.into())];
    let mut config = Config::resolve(None, &edits).unwrap();
    config.model = "lenet-300-100".into();
    config.train.length = Length::Steps(8);
    config.train.batch = 32;
    // So small that weights stay what they are.
    config.learning_rate.initial = 1e-30;
    config.prune.sparsity = 0.5;
    config.prune.round_share = 0.3;
    config.prune.control = control;
    config
}

/// What a run ends with, and its losses.
fn run(method: &str, control: Control) -> (Snapshot, Vec<f32>) {
    run_as(&config(method, control))
}

fn run_as(config: &Config) -> (Snapshot, Vec<f32>) {
    let mut dataset = data::open("mnist-mini", None).unwrap();
    dataset.test.labels.truncate(50);
    dataset.test.images.truncate(50 * 784);
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    let net = config.net(dataset.input(), dataset.classes).unwrap();
    let mut session = Session::open(&gpu, &net, &dataset, config).unwrap();
    let schedule = Schedule::new(config, session.train_images()).unwrap();
    let mut losses = Losses::default();
    train(
        &mut session,
        config,
        &schedule,
        None,
        &|_| false,
        &mut losses,
    )
    .unwrap();
    (session.snapshot().unwrap(), losses.0)
}

fn prunable(snapshot: &Snapshot) -> impl Iterator<Item = (&[u8], &[f32])> {
    let own = snapshot.iter().filter(|own| own.parameter.is_prunable());
    own.map(|own| (&own.mask[..], &own.weights[..]))
}

fn kept(snapshot: &Snapshot) -> Vec<usize> {
    let ones = |mask: &[u8]| mask.iter().filter(|&&bit| bit == 1).count();
    prunable(snapshot).map(|(mask, _)| ones(mask)).collect()
}

/// Weights that both masks keep, as a share of those that the first does.
fn overlap(a: &Snapshot, b: &Snapshot) -> f64 {
    let pairs = prunable(a).zip(prunable(b));
    let both = pairs.flat_map(|((a, _), (b, _))| a.iter().zip(b).map(|(a, b)| a * b));
    let both = both.map(f64::from).sum::<f64>();
    both / kept(a).iter().map(|&kept| kept as f64).sum::<f64>()
}

#[test]
fn a_shuffled_mask_keeps_as_many_of_each_layer_and_their_initial_values() {
    let (all, _) = run("dense", Control::None);
    for method in ["snip", "lth"] {
        let (own, _) = run(method, Control::None);
        let (shuffled, _) = run(method, Control::Shuffle);
        assert_eq!(kept(&own), kept(&shuffled), "{method}");
        // Half of all is kept, so chance alone has half in common.
        let share = overlap(&own, &shuffled);
        assert!((0.4..0.7).contains(&share), "{method}: {share}");
        for ((mask, weights), (_, initial)) in prunable(&shuffled).zip(prunable(&all)) {
            for ((kept, weight), initial) in mask.iter().zip(weights).zip(initial) {
                let wanted = if *kept == 1 { *initial } else { 0.0 };
                assert_eq!(weight.to_bits(), wanted.to_bits(), "{method}");
            }
        }
    }
}

#[test]
fn weights_that_begin_anew_are_others_under_the_same_mask() {
    for method in ["snip", "lth"] {
        let (own, _) = run(method, Control::None);
        let (anew, _) = run(method, Control::Reinit);
        for ((mask, weights), (other_mask, others)) in prunable(&own).zip(prunable(&anew)) {
            assert_eq!(mask, other_mask, "{method}");
            for ((kept, weight), other) in mask.iter().zip(weights).zip(others) {
                assert_eq!(weight == other, *kept == 0, "{method}: {weight} {other}");
            }
        }
    }
}

#[test]
fn a_mask_turned_round_keeps_what_the_other_removes() {
    for method in ["snip", "magnitude-init", "progressive", "grasp"] {
        let (own, _) = run(method, Control::None);
        let (turned, _) = run(method, Control::Invert);
        let sum = |snapshot| kept(snapshot).into_iter().sum::<usize>();
        assert_eq!(sum(&own), sum(&turned), "{method}");
        let share = overlap(&own, &turned);
        // Each layer keeps one.
        assert!(share < 1e-3, "{method}: {share}");
    }
}

/// Where next to nothing flows, scores are 0, and above all others once they are turned round.
#[test]
fn a_mask_turned_round_leaves_each_layer_a_weight() {
    let mut config = config("synflow", Control::Invert);
    config.prune.sparsity = 0.95;
    let (turned, _) = run_as(&config);
    let kept = kept(&turned);
    assert!(kept.iter().all(|&kept| kept > 0), "{kept:?}");
    assert_eq!(kept.iter().sum::<usize>(), 13_310);
}

#[test]
fn mixed_labels_change_the_mask_and_not_what_is_learnt() {
    for method in ["snip", "grasp", "autos"] {
        let (own, _) = run(method, Control::None);
        let (mixed, others) = run(method, Control::Corrupt);
        let share = overlap(&own, &mixed);
        assert!((0.5..0.999).contains(&share), "{method}: {share}");
        let (again, same) = run(method, Control::Corrupt);
        assert_eq!((mixed, &others), (again, &same));
    }
    // From labels by chance nothing is learnt that lowers the loss of other images.
    let mut config = config("snip", Control::Corrupt);
    config.learning_rate.initial = 0.05;
    config.train.length = Length::Steps(60);
    let (_, losses) = run_as(&config);
    assert!(losses[59] < 0.5 * losses[0], "{losses:?}");
}

#[test]
fn a_control_that_says_nothing_of_a_method_is_refused() {
    for (method, control, says) in [
        ("progressive", Control::Shuffle, "no training begins"),
        ("granet", Control::Reinit, "no training begins"),
        ("rigl", Control::Shuffle, "no training begins"),
        ("one-shot", Control::Reinit, "no training begins"),
        ("dense", Control::Invert, "nothing is removed"),
        ("rigl", Control::Invert, "growth"),
        ("random", Control::Reinit, "by chance"),
        ("random-erk", Control::Shuffle, "by chance"),
        ("synflow", Control::Corrupt, "without labels"),
        ("lth", Control::Corrupt, "without labels"),
    ] {
        let error = config(method, control)
            .prune
            .check_control()
            .expect_err(method);
        assert!(
            error.what.contains(says) && error.help.contains("prune.control"),
            "{error}"
        );
    }
    let edits = [
        ("prune.method".to_owned(), "progressive".into()),
        ("prune.control".to_owned(), "shuffle".into()),
    ];
    Config::resolve(None, &edits).expect_err("it is checked where settings are");
}
