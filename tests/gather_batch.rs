//! Batches against their twin, on every adapter.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

mod common;

use common::assert_sound_everywhere;
use wgprune::check::gather_batch::{SAMPLES, check, images, labels, order, params};
use wgprune::ops::{Affine, Augment, Crop, GatherBatch};
use wgprune::reference::gather_batch::{Motion, Samples, source_pixel};

const AFFINE: Affine = Affine {
    degrees: 15.0,
    shift: 2,
};

const NONE: Augment = Augment {
    crop: None,
    flip: false,
    affine: None,
};

const PLAIN: GatherBatch = GatherBatch {
    n: 9,
    h: 5,
    w: 7,
    c: 3,
    augment: NONE,
};

fn turned(affine: Affine) -> Augment {
    Augment {
        affine: Some(affine),
        ..NONE
    }
}

fn cropped(margin: u32, reflect: bool) -> Augment {
    Augment {
        crop: Some(Crop { margin, reflect }),
        ..NONE
    }
}

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
    // All in one piece, and in shards of which the last is a part.
    for shard in [SAMPLES, 8] {
        assert_sound_everywhere(&format!("{s:?}, {shard}"), |setting| {
            check(setting, s, params(count), samples, meant, scale, shard)
        });
    }
}

#[test]
fn plain_batches_agree_with_their_twin() {
    let s = PLAIN;
    let scale = GatherBatch::scale(&[0.49, 0.48, 0.45], &[0.25, 0.24, 0.26]);
    assert_agrees(s, 9, &images(&s), &scale);
}

#[test]
fn rows_of_padding_repeat_the_last_sample() {
    for augment in [NONE, turned(AFFINE)] {
        let s = GatherBatch { augment, ..PLAIN };
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
        augment: turned(AFFINE),
    };
    let scale = GatherBatch::scale(&[0.1307], &[0.3081]);
    assert_agrees(s, 12, &images(&s), &scale);
}

#[test]
fn every_augmented_pixel_comes_from_the_same_place_as_the_twins() {
    for degrees in [0.0, 30.0, 180.0] {
        assert_takes_the_twins_pixels(turned(Affine { degrees, shift: 3 }));
    }
    for reflect in [false, true] {
        assert_takes_the_twins_pixels(cropped(4, reflect));
        // As far as a mirror reaches.
        assert_takes_the_twins_pixels(cropped(12, reflect));
        let all = Augment {
            flip: true,
            affine: Some(AFFINE),
            ..cropped(3, reflect)
        };
        assert_takes_the_twins_pixels(all);
    }
    assert_takes_the_twins_pixels(Augment { flip: true, ..NONE });
}

/// The pixel that the twin takes for a place, where the sample is moved as it is drawn.
fn source(s: &GatherBatch, sample: u32, place: [u32; 2]) -> Option<[u32; 2]> {
    let motion = Motion::drawn(&s.augment, &params(1), sample);
    source_pixel(s, &motion, place)
}

fn assert_takes_the_twins_pixels(augment: Augment) {
    let s = GatherBatch {
        n: 12,
        h: 13,
        w: 18,
        c: 1,
        augment,
    };
    // All pixels of an image differ, none is 0, and factor 1 with offset 0 rounds nothing.
    let images: Vec<u8> = (0..SAMPLES).flat_map(|_| 1..=234).collect();
    assert_agrees(s, 12, &images, &[1.0, 0.0]);
}

/// What PyTorch's padding makes of a row of four pixels with a margin of three.
#[test]
fn a_margin_is_black_or_mirrors_the_image() {
    let row = |reflect: bool, sample: u32| -> Vec<Option<u32>> {
        let s = GatherBatch {
            n: 1,
            h: 4,
            w: 4,
            c: 1,
            augment: cropped(3, reflect),
        };
        let row = (0..4).map(|w| source(&s, sample, [0, w]));
        row.map(|place| place.map(|[_, w]| w)).collect()
    };
    let mirrored = [3, 2, 1, 0, 1, 2, 3, 2, 1, 0].map(Some);
    let mut corners = std::collections::BTreeSet::new();
    for sample in 0..200 {
        let seen = row(true, sample);
        let starts = (0..=6).filter(|&start| seen[..] == mirrored[start..start + 4]);
        assert!(starts.count() >= 1, "{seen:?}");
        corners.insert(seen);
        let black = row(false, sample);
        let columns: Vec<_> = black.iter().flatten().collect();
        assert!(
            columns.windows(2).all(|pair| pair[0] + 1 == *pair[1]),
            "{black:?}"
        );
    }
    // The first and the last of the seven corners show the same.
    assert_eq!(corners.len(), 6, "every corner is drawn: {corners:?}");
}

#[test]
fn half_of_the_images_are_mirrored() {
    let s = GatherBatch {
        augment: Augment { flip: true, ..NONE },
        ..PLAIN
    };
    let mirrored = (0..1000u32).filter(|&sample| {
        let [h, w] = source(&s, sample, [2, 1]).unwrap();
        assert_eq!(h, 2);
        assert!(w == 1 || w == 5);
        w == 5
    });
    // Five deviations of a thousand fair coins are 79.
    let count = mirrored.count();
    assert!((421..580).contains(&count), "{count}");
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
        augment: turned(affine),
    };
    let mut seen = std::collections::BTreeSet::new();
    for sample in 0..500 {
        let [h, w] = source(&s, sample, [2, 4]).unwrap();
        seen.insert((h, w));
        for (row, column) in (0..6).flat_map(|row| (0..9).map(move |column| (row, column))) {
            let [h, w] = [(h + row).checked_sub(2), (w + column).checked_sub(4)];
            let expected = h.filter(|&h| h < 6).zip(w.filter(|&w| w < 9));
            assert_eq!(
                source(&s, sample, [row, column]).map(|[h, w]| (h, w)),
                expected
            );
        }
    }
    assert_eq!(seen.len(), 25, "every shift is drawn: {seen:?}");
}
