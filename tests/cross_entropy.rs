//! The loss and its gradient against their twin, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::cross_entropy::{check, labels, logits};
use wgprune::check::integers;
use wgprune::ops::CrossEntropy;

fn assert_agrees(s: CrossEntropy, count: u32, z: &[f32]) {
    let labels = labels(&s);
    assert_takes(s, count, z, [&labels, &labels]);
}

/// Asserts that these labels give what the twin gives for those that are meant.
fn assert_takes(s: CrossEntropy, count: u32, z: &[f32], labels: [&[u32]; 2]) {
    assert_sound_everywhere(&format!("{s:?}"), |setting| {
        check(setting, s, count, z, labels)
    });
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
