//! Exact pruning against sorting, on every adapter.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a failed test should panic, and its numbers are small"
)]

mod common;

use common::{Bench, Setting, assert_same_bits, floats, integers, settings};
use wgprune::gpu::{Machine, Tensor};
use wgprune::ops::{CHUNK, Prune};
use wgprune::random::{Stream, permutation};
use wgprune::reference::prune as twin;

const SPARSITIES: [f64; 4] = [0.333, 0.9, 0.98, 0.9999];

/// Weights ranked together on a machine.
struct Segment {
    machine: Machine,
    bench: Bench,
    w: Tensor,
    mask: Tensor,
    keep: Tensor,
    count: Tensor,
    histogram: Tensor,
}

impl Segment {
    fn new(setting: &Setting, w: &[f32], mask: &[u32]) -> Self {
        let mut bench = Bench::new(setting);
        let w = bench.state("w", w);
        let mask = bench.state("mask", mask);
        let keep = bench.input("keep", &[0; 3]);
        let histogram = bench.state("histogram", &[0; 2048]);
        let selection = bench.output("selection", 2);
        let count = bench.output("count", 3);
        Prune { segment: 1 }.record(
            &mut bench.plan,
            &keep,
            [&w, &mask],
            [&selection, &histogram],
        );
        Prune::count(&mut bench.plan, &mask, &count, 2);
        let machine = bench.load();
        Self {
            machine,
            bench,
            w,
            mask,
            keep,
            count,
            histogram,
        }
    }

    /// Prunes to `keep` weights and returns weights, mask and the device's count of the mask.
    fn prune(&self, keep: u32) -> (Vec<f32>, Vec<u32>, u32) {
        // The neighbours' numbers must not matter.
        self.machine.write(&self.keep, &[7, keep, 9]);
        self.machine.replay(&["op"]).unwrap();
        let read = |tensor| self.machine.read::<u32>(tensor).unwrap();
        assert!(
            read(&self.histogram).iter().all(|&n| n == 0),
            "the histogram is left empty"
        );
        self.bench.assert_whole(&self.machine);
        let w = self.machine.read::<f32>(&self.w).unwrap();
        (w, read(&self.mask), read(&self.count)[2])
    }

    /// Prunes step by step and asserts after each that exactly the right weights are left.
    fn assert_follows_twin(&self, keeps: &[u32], w: &[f32], mask: &[u32]) {
        let (mut w, mut mask) = (w.to_vec(), mask.to_vec());
        for &keep in keeps {
            let active = ones(&mask);
            let before = mask.clone();
            (w, mask) = twin::prune(keep, &w, &mask);
            let (got_w, got_mask, count) = self.prune(keep);
            assert_eq!(count, keep.min(active), "asked for {keep} of {active}");
            assert_eq!(ones(&got_mask), count);
            let is_subset = got_mask
                .iter()
                .zip(&before)
                .all(|(now, was)| now & !was == 0);
            assert!(is_subset, "a removed weight came back");
            assert!(
                got_mask == mask,
                "other weights than the twin's are left at {keep}"
            );
            assert_same_bits("w", &got_w, &w);
        }
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
    for setting in settings() {
        Segment::new(&setting, &w, &mask).assert_follows_twin(keeps, &w, &mask);
    }
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
    let values: Vec<f32> = integers(2, count, 0..9)
        .iter()
        .map(|&i| (i as f32 - 4.0) / 4.0)
        .collect();
    assert_prunes(&values, &schedule(count));
}

#[test]
fn weights_that_are_all_equal_are_kept_from_the_front() {
    let count = 3 * CHUNK;
    assert_prunes(&vec![-0.25; count as usize], &schedule(count));
}

#[test]
fn zeros_and_subnormals_are_ranked_like_any_number() {
    let tiny = [
        0.0,
        -0.0,
        f32::from_bits(1),
        -f32::from_bits(1),
        f32::from_bits(2),
        1e-40,
        -1e-40,
    ];
    let normal = [
        f32::MIN_POSITIVE,
        -f32::MIN_POSITIVE,
        1e-20,
        f32::MAX,
        1.0,
        1.0 + f32::EPSILON,
    ];
    let kinds = [&tiny[..], &normal].concat();
    let count = 4 * CHUNK + 1;
    let values: Vec<f32> = (0..count as usize)
        .map(|i| kinds[i % kinds.len()])
        .collect();
    let eighths: Vec<u32> = (1..8).rev().map(|i| i * count / 8).collect();
    assert_prunes(&values, &eighths);
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
    for setting in settings() {
        let mut bench = Bench::new(&setting);
        let [gw, gmask] = [bench.state("w", &w), bench.state("mask", &mask)];
        let keep = bench.input("keep", &keeps);
        let histogram = bench.state("histogram", &[0; 2048]);
        let selection = bench.output("selection", 2);
        let (mut start, mut expected) = (0, (Vec::new(), Vec::new()));
        for (segment, length) in (0..).zip(lengths) {
            let part = [
                gw.view("w part", start, &[length]),
                gmask.view("mask part", start / 32, &[length / 32]),
            ];
            let prune = Prune { segment };
            prune.record(
                &mut bench.plan,
                &keep,
                [&part[0], &part[1]],
                [&selection, &histogram],
            );
            let end = start + length;
            let (w, mask) = twin::prune(
                keeps[segment as usize],
                &w[start as usize..end as usize],
                &mask[start as usize / 32..end as usize / 32],
            );
            expected.0.extend(w);
            expected.1.extend(mask);
            start = end;
        }
        let machine = bench.run();
        assert_same_bits("w", &machine.read(&gw).unwrap(), &expected.0);
        assert!(machine.read::<u32>(&gmask).unwrap() == expected.1);
    }
}
