//! Exact pruning against sorting, on every adapter.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a failed test should panic, and its numbers are small"
)]

mod common;

use common::{assert_sound, assert_sound_everywhere, settings};
use wgprune::check::prune::{check, check_by, check_protect, extremes, ties};
use wgprune::check::{Setting, floats, integers};
use wgprune::ops::{CHUNK, Prune};
use wgprune::random::{Stream, permutation};
use wgprune::reference::prune as twin;
use wgprune::reference::score::magnitude_keys;

const SPARSITIES: [f64; 4] = [0.333, 0.9, 0.98, 0.9999];

/// Prunes step by step and asserts after each that exactly the right weights are left.
fn assert_follows_twin(settings: &[Setting], keeps: &[u32], w: &[f32], mask: &[u32]) {
    let (mut w, mut mask) = (w.to_vec(), mask.to_vec());
    let parts = [(Prune { segment: 1 }, w.len() as u32)];
    for &keep in keeps {
        let active = ones(&mask);
        // The neighbours' numbers must not matter.
        assert_sound(&format!("{keep} of {active}"), settings, |setting| {
            check(setting, (&w, &mask), &parts, &[7, keep, 9])
        });
        let before = mask.clone();
        mask = twin::prune(keep, &magnitude_keys(&w), &mask);
        w = twin::clear(&mask, &w);
        assert_eq!(
            ones(&mask),
            keep.min(active),
            "asked for {keep} of {active}"
        );
        let is_subset = mask.iter().zip(&before).all(|(now, was)| now & !was == 0);
        assert!(is_subset, "a removed weight came back");
    }
}

fn ones(mask: &[u32]) -> u32 {
    mask.iter().map(|word| word.count_ones()).sum()
}

/// A mask that keeps the first `count` of `length` weights.
fn first(count: u32, length: u32) -> Vec<u32> {
    let word = |i: u32| match count.saturating_sub(i * 32) {
        0 => 0,
        n @ 1..32 => (1 << n) - 1,
        _ => u32::MAX,
    };
    (0..length / 32).map(word).collect()
}

/// Survivors at each of the sparsities, of `count` weights.
fn schedule(count: u32) -> Vec<u32> {
    SPARSITIES
        .map(|s| ((1.0 - s) * f64::from(count)).round() as u32)
        .to_vec()
}

/// Every setting, weights in a random order, and the padding removed from the start.
fn assert_prunes(values: &[f32], keeps: &[u32]) {
    let order = permutation(5, Stream::Shuffle, 0, values.len() as u32);
    let mut w: Vec<f32> = order.iter().map(|&i| values[i as usize]).collect();
    let mask = first(w.len() as u32, (w.len() as u32).next_multiple_of(CHUNK));
    w.resize(mask.len() * 32, 0.0);
    assert_follows_twin(&settings(), keeps, &w, &mask);
}

#[test]
fn successive_prunings_keep_exactly_the_largest() {
    // More chunks than the scan has invocations, so each adds up several.
    let count = 300 * CHUNK - 77;
    assert_prunes(&floats(1, count), &schedule(count));
}

#[test]
fn equal_magnitudes_of_both_signs_are_kept_in_order_of_position() {
    let count = 11 * CHUNK + 5;
    assert_prunes(&ties(count), &schedule(count));
}

#[test]
fn weights_that_are_all_equal_are_kept_from_the_front() {
    let count = 3 * CHUNK;
    assert_prunes(&vec![-0.25; count as usize], &schedule(count));
}

#[test]
fn zeros_and_subnormals_are_ranked_like_any_number() {
    let count = 4 * CHUNK + 1;
    let eighths: Vec<u32> = (1..8).rev().map(|i| i * count / 8).collect();
    assert_prunes(&extremes(count), &eighths);
}

#[test]
fn asking_for_more_than_is_active_keeps_what_is_active() {
    let count = 2 * CHUNK - 3;
    assert_prunes(
        &floats(3, count),
        &[u32::MAX, count + 1, count, 700, 1000, 700],
    );
}

#[test]
fn one_weight_or_none_can_be_left() {
    let count = 2 * CHUNK;
    assert_prunes(&floats(4, count), &[count - 1, 2, 1, 1, 0, 0, 5]);
}

#[test]
fn neighbouring_segments_are_pruned_by_their_own_numbers() {
    let lengths = [2 * CHUNK, 6 * CHUNK, 4 * CHUNK];
    let total = lengths.iter().sum();
    // Magnitudes differ between segments, so a common threshold would show.
    let w: Vec<f32> = floats(6, total)
        .iter()
        .enumerate()
        .map(|(i, v)| v * (1 + i / 3000) as f32)
        .collect();
    let mask = vec![u32::MAX; w.len() / 32];
    let keeps = [100, 1, 4 * CHUNK - 1];
    let ops = (0..).map(|segment| Prune { segment });
    let parts: Vec<_> = ops.zip(lengths).collect();
    assert_sound_everywhere("neighbours", |setting| {
        check(setting, (&w, &mask), &parts, &keeps)
    });
}

#[test]
fn all_bits_of_a_key_count() {
    let count = 3 * CHUNK;
    let w = floats(7, count);
    let mask = vec![u32::MAX; w.len() / 32];
    // Neighbouring keys that differ in their lowest bits, around each power of two.
    let near = |i: u32| (1u32 << (i % 32)).wrapping_add(i / 32 % 5).wrapping_sub(2);
    for keys in [
        integers(8, count, 0..u32::MAX),
        (0..count).map(near).collect(),
    ] {
        for keep in [count - 1, count / 2, 33, 1] {
            let parts = [(Prune { segment: 0 }, count)];
            assert_sound_everywhere(&format!("{keep} of {count}"), |setting| {
                check_by(setting, &keys, (&w, &mask), &parts, &[keep])
            });
        }
    }
}

#[test]
fn the_first_of_the_largest_active_keys_is_protected() {
    let count = 300 * CHUNK;
    let all = vec![u32::MAX; count as usize / 32];
    let none = vec![0; all.len()];
    let last = first(count - 1, count).iter().map(|word| !word).collect();
    let random = integers(9, count, 0..u32::MAX);
    let tied = magnitude_keys(&ties(count));
    for keys in [&random, &tied, &vec![0; count as usize]] {
        for mask in [&all, &none, &last, &integers(10, count / 32, 0..u32::MAX)] {
            assert_sound_everywhere("protected", |setting| check_protect(setting, keys, mask));
        }
    }
    let keys = twin::protect(&[3, 9, 9, 1], &[0b1101]);
    assert_eq!(keys, [3, 9, u32::MAX, 1]);
}
