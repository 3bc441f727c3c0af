//! Clipping against its twin, on every adapter.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a failed test should panic, and its numbers are small"
)]

mod common;

use common::{assert_sound, assert_sound_everywhere, unchecked_settings};
use wgprune::check::update::Data;
use wgprune::check::{clip::check, floats, integers};
use wgprune::ops::Clip;
use wgprune::reference::{clip::clip, prune::is_kept};

fn assert_agrees(norm: f32, mask: &[u32], dw: &[f32]) {
    let op = Clip { norm };
    assert_sound_everywhere("clip", |setting| check(setting, op, mask, dw));
}

/// The norm of what the twin makes of the gradients that are kept.
fn norm_after(norm: f32, mask: &[u32], dw: &[f32]) -> f64 {
    let clipped = clip(&Clip { norm }, mask, dw).into_iter().enumerate();
    let kept = clipped.filter(|&(i, _)| is_kept(mask, i));
    kept.map(|(_, g)| g.value * g.value).sum::<f64>().sqrt()
}

#[test]
fn a_large_norm_becomes_the_limit_and_a_small_one_stays() {
    let Data { mask, dw, .. } = Data::random();
    let whole = norm_after(f32::MAX, &mask, &dw);
    assert!(whole > 10.0);
    for norm in [1.0, 0.01, whole as f32 * 0.999] {
        assert_agrees(norm, &mask, &dw);
        assert!((norm_after(norm, &mask, &dw) / f64::from(norm) - 1.0).abs() < 1e-4);
    }
    for norm in [whole as f32 * 1.001, 1e30] {
        assert_agrees(norm, &mask, &dw);
        assert_eq!(norm_after(norm, &mask, &dw), whole);
    }
    assert_agrees(1.0, &mask, &vec![0.0; dw.len()]);
}

#[test]
fn all_lengths_agree() {
    for words in [1, 2, 31, 32, 33, 1000] {
        let (mask, dw) = (integers(1, words, 0..u32::MAX), floats(2, words * 32));
        assert_agrees(0.5, &mask, &dw);
    }
    // More sums than one workgroup has invocations.
    let words = 300 * 32;
    let (mask, dw) = (integers(3, words, 0..u32::MAX), floats(4, words * 32));
    let op = Clip { norm: 1.0 };
    assert_sound("clip", &unchecked_settings(), |setting| {
        check(setting, op, &mask, &dw)
    });
}

#[test]
fn gradients_of_removed_weights_have_no_part_in_the_norm() {
    let Data { mask, mut dw, .. } = Data::random();
    let norm = norm_after(1.0, &mask, &dw);
    for bad in [1e6, f32::NAN, f32::INFINITY] {
        for (i, g) in dw.iter_mut().enumerate() {
            if !is_kept(&mask, i) {
                *g = bad;
            }
        }
        assert_agrees(1.0, &mask, &dw);
        assert_eq!(norm_after(1.0, &mask, &dw), norm);
    }
}

#[test]
fn a_kept_gradient_that_is_not_finite_stays_to_be_found() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let data = Data::random();
        let (mut dw, i) = (data.dw.clone(), data.position(700, true));
        dw[i] = bad;
        assert_agrees(1.0, &data.mask, &dw);
    }
}

#[test]
fn squares_beyond_what_a_float_holds_stop_the_step() {
    let Data { mask, dw, .. } = Data::random();
    let huge: Vec<f32> = dw.iter().map(|g| 1e20 * g).collect();
    assert_agrees(1.0, &mask, &huge);
    assert_eq!(norm_after(1.0, &mask, &huge), 0.0);
}
