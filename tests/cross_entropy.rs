//! The loss and its gradient against their twin, on every adapter.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

mod common;

use common::{Bench, assert_close, floats, integers, settings, step};
use wgprune::ops::CrossEntropy;
use wgprune::reference::cross_entropy as twin;

fn assert_agrees(s: CrossEntropy, count: u32, z: &[f32]) {
    let labels = integers(2, s.n, 0..s.classes);
    assert_takes(s, count, z, [&labels, &labels]);
}

/// Asserts that these labels give what the twin gives for those that are `meant`.
fn assert_takes(s: CrossEntropy, count: u32, z: &[f32], [labels, meant]: [&[u32]; 2]) {
    let expected = twin::cross_entropy(&s, z, meant, count);
    for setting in settings() {
        let mut bench = Bench::new(&setting);
        let inputs = [
            bench.input("z", z),
            bench.input("labels", labels),
            bench.input("step", &[step(count)]),
        ];
        let lengths = [("loss", s.n), ("hit", s.n), ("dz", s.n * s.classes)];
        let [loss, hit, dz] = lengths.map(|(name, length)| bench.output(name, length));
        s.record(&mut bench.plan, inputs.each_ref(), [&loss, &hit, &dz]);
        let machine = bench.run();
        assert_close("loss", &machine.read(&loss).unwrap(), &expected.loss);
        assert_eq!(machine.read::<u32>(&hit).unwrap(), expected.hit);
        assert_close("dz", &machine.read(&dz).unwrap(), &expected.dz);
    }
}

/// Random logits between -`range` and `range`.
fn logits(s: &CrossEntropy, range: f32) -> Vec<f32> {
    floats(1, s.n * s.classes)
        .iter()
        .map(|z| z * range)
        .collect()
}

#[test]
fn cross_entropy_agrees_with_its_twin() {
    for (n, classes, smoothing, count) in [
        (1, 2, 0.0, 1),
        (37, 7, 0.1, 37),
        (131, 10, 0.0, 131),
        (65, 100, 0.2, 64),
    ] {
        let s = CrossEntropy {
            n,
            classes,
            smoothing,
        };
        assert_agrees(s, count, &logits(&s, 4.0));
    }
}

#[test]
fn rows_of_padding_have_no_loss_and_no_gradient() {
    let s = CrossEntropy {
        n: 131,
        classes: 10,
        smoothing: 0.1,
    };
    let mut z = logits(&s, 4.0);
    // What padding holds does not matter.
    z[70 * 10..].fill(f32::NAN);
    assert_agrees(s, 70, &z);
    assert_agrees(s, 1, &z);
}

#[test]
fn a_label_behind_the_classes_means_the_last_class() {
    let s = CrossEntropy {
        n: 3,
        classes: 7,
        smoothing: 0.1,
    };
    let labels = [7, u32::MAX, 1 << 29];
    assert_takes(s, 3, &logits(&s, 4.0), [&labels, &[6; 3]]);
}

#[test]
fn large_logits_overflow_nothing() {
    let s = CrossEntropy {
        n: 37,
        classes: 7,
        smoothing: 0.1,
    };
    assert_agrees(s, 37, &logits(&s, 3e4));
}

#[test]
fn the_first_of_equal_outputs_is_the_answer() {
    let s = CrossEntropy {
        n: 131,
        classes: 10,
        smoothing: 0.0,
    };
    let z: Vec<f32> = integers(3, s.n * s.classes, 0..3)
        .iter()
        .map(|&i| [-1.0, 0.0, 1.0][i as usize])
        .collect();
    assert_agrees(s, 131, &z);
}
