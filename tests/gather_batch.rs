//! Batches against their twin, on every adapter.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

mod common;

use common::{Bench, assert_close, integers, settings, step};
use wgprune::ops::{Affine, GatherBatch, StepParams};
use wgprune::random::{Stream, permutation};
use wgprune::reference::gather_batch::{Samples, gather, source_pixel};

const SAMPLES: u32 = 23;
const AFFINE: Affine = Affine {
    degrees: 15.0,
    shift: 2,
};

const PLAIN: GatherBatch = GatherBatch {
    n: 9,
    h: 5,
    w: 7,
    c: 3,
    affine: None,
};

/// A batch in the middle of the third epoch.
fn params(count: u32) -> StepParams {
    StepParams {
        position: 11,
        epoch: 2,
        seed: [0x1234_5678, 0x9abc_def0],
        ..step(count)
    }
}

fn assert_agrees(s: GatherBatch, count: u32, images: &[u8], scale: &[f32]) {
    let order = permutation(3, Stream::Shuffle, 0, SAMPLES);
    assert_takes(s, count, images, scale, [&order, &order]);
}

/// Asserts that a batch by `order` is what the twin gathers by the order that is `meant`.
fn assert_takes(
    s: GatherBatch,
    count: u32,
    images: &[u8],
    scale: &[f32],
    [order, meant]: [&[u32]; 2],
) {
    let labels = integers(2, SAMPLES, 0..10);
    let samples = Samples {
        images,
        labels: &labels,
        order: meant,
    };
    let step = params(count);
    let (x, expected_labels) = gather(&s, &step, samples, scale);
    let turns = s.affine.map_or(vec![[0; 2]], |affine| affine.turns());
    let mut bytes = images.to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let words: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes);
    for setting in settings() {
        let mut bench = Bench::new(&setting);
        let inputs = [
            bench.input("images", &words),
            bench.input("all_labels", &labels),
            bench.input("order", order),
            bench.input("step", &[step]),
            bench.input("scale", scale),
            bench.input("turns", &turns),
        ];
        let lengths = [("x", s.n * s.h * s.w * s.c), ("labels", s.n)];
        let [gx, glabels] = lengths.map(|(name, length)| bench.output(name, length));
        s.record(&mut bench.plan, inputs.each_ref(), [&gx, &glabels]);
        let machine = bench.run();
        assert_close("x", &machine.read(&gx).unwrap(), &x);
        assert_eq!(machine.read::<u32>(&glabels).unwrap(), expected_labels);
    }
}

fn random_images(s: &GatherBatch) -> Vec<u8> {
    let bytes = integers(1, SAMPLES * s.h * s.w * s.c, 0..256);
    bytes
        .iter()
        .map(|&byte| u8::try_from(byte).unwrap())
        .collect()
}

#[test]
fn plain_batches_agree_with_their_twin() {
    let s = PLAIN;
    let scale = GatherBatch::scale(&[0.49, 0.48, 0.45], &[0.25, 0.24, 0.26]);
    assert_agrees(s, 9, &random_images(&s), &scale);
}

#[test]
fn rows_of_padding_repeat_the_last_sample() {
    for affine in [None, Some(AFFINE)] {
        let s = GatherBatch { affine, ..PLAIN };
        let scale = GatherBatch::scale(&[0.5; 3], &[0.5; 3]);
        assert_agrees(s, 4, &random_images(&s), &scale);
    }
}

#[test]
fn what_lies_behind_the_order_or_the_samples_means_the_last() {
    let s = PLAIN;
    let scale = GatherBatch::scale(&[0.5; 3], &[0.5; 3]);
    let last = SAMPLES - 1;
    let order: Vec<u32> = (0..13).chain([SAMPLES, u32::MAX, 1 << 30, 3]).collect();
    let meant: Vec<u32> = (0..13).chain([last, last, last, 3, 3, 3, 3]).collect();
    assert_takes(s, 9, &random_images(&s), &scale, [&order, &meant]);
}

#[test]
fn augmented_batches_agree_with_their_twin() {
    let s = GatherBatch {
        n: 12,
        h: 28,
        w: 28,
        c: 1,
        affine: Some(AFFINE),
    };
    let scale = GatherBatch::scale(&[0.1307], &[0.3081]);
    assert_agrees(s, 12, &random_images(&s), &scale);
}

#[test]
fn every_augmented_pixel_comes_from_the_same_place_as_the_twins() {
    for degrees in [0.0, 30.0, 180.0] {
        let affine = Some(Affine { degrees, shift: 3 });
        let s = GatherBatch {
            n: 12,
            h: 13,
            w: 18,
            c: 1,
            affine,
        };
        // All pixels of an image differ, none is 0, and factor 1 with offset 0 rounds nothing.
        let images: Vec<u8> = (0..SAMPLES).flat_map(|_| 1..=234).collect();
        assert_agrees(s, 12, &images, &[1.0, 0.0]);
    }
}

#[test]
fn an_image_that_is_only_shifted_moves_by_whole_pixels() {
    let affine = Affine {
        degrees: 0.0,
        shift: 2,
    };
    let s = GatherBatch {
        n: 1,
        h: 6,
        w: 9,
        c: 1,
        affine: Some(affine),
    };
    let mut seen = std::collections::BTreeSet::new();
    for sample in 0..500 {
        let source = |h, w| source_pixel(&s, &affine, &params(1), sample, [h, w]);
        let [h, w] = source(2, 4).unwrap();
        seen.insert((h, w));
        for (row, column) in (0..6).flat_map(|row| (0..9).map(move |column| (row, column))) {
            let [h, w] = [(h + row).checked_sub(2), (w + column).checked_sub(4)];
            let expected = h.filter(|&h| h < 6).zip(w.filter(|&w| w < 9));
            assert_eq!(source(row, column).map(|[h, w]| (h, w)), expected);
        }
    }
    assert_eq!(seen.len(), 25, "every shift is drawn: {seen:?}");
}
