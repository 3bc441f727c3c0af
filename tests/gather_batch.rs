//! Batches against their twin, on every adapter.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

mod common;

use common::assert_sound_everywhere;
use wgprune::check::gather_batch::{SAMPLES, check, images, labels, order, params};
use wgprune::ops::{Affine, GatherBatch};
use wgprune::reference::gather_batch::{Samples, source_pixel};

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

fn assert_agrees(s: GatherBatch, count: u32, images: &[u8], scale: &[f32]) {
    assert_takes(s, count, images, scale, [&order(), &order()]);
}

/// Asserts that a batch by `order` is what the twin gathers by the order that is `meant`.
fn assert_takes(
    s: GatherBatch,
    count: u32,
    images: &[u8],
    scale: &[f32],
    [order, meant]: [&[u32]; 2],
) {
    let samples = Samples {
        images,
        labels: &labels(),
        order,
    };
    assert_sound_everywhere(&format!("{s:?}"), |setting| {
        check(setting, s, params(count), samples, meant, scale)
    });
}

#[test]
fn plain_batches_agree_with_their_twin() {
    let s = PLAIN;
    let scale = GatherBatch::scale(&[0.49, 0.48, 0.45], &[0.25, 0.24, 0.26]);
    assert_agrees(s, 9, &images(&s), &scale);
}

#[test]
fn rows_of_padding_repeat_the_last_sample() {
    for affine in [None, Some(AFFINE)] {
        let s = GatherBatch { affine, ..PLAIN };
        let scale = GatherBatch::scale(&[0.5; 3], &[0.5; 3]);
        assert_agrees(s, 4, &images(&s), &scale);
    }
}

#[test]
fn what_lies_behind_the_order_or_the_samples_means_the_last() {
    let s = PLAIN;
    let scale = GatherBatch::scale(&[0.5; 3], &[0.5; 3]);
    let last = SAMPLES - 1;
    let order: Vec<u32> = (0..13).chain([SAMPLES, u32::MAX, 1 << 30, 3]).collect();
    let meant: Vec<u32> = (0..13).chain([last, last, last, 3, 3, 3, 3]).collect();
    assert_takes(s, 9, &images(&s), &scale, [&order, &meant]);
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
    assert_agrees(s, 12, &images(&s), &scale);
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
