//! Colour jitter and random erasing against their twin, on every adapter, and what the twin draws.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

mod common;

use common::{assert_sound, assert_sound_everywhere, unchecked_settings};
use std::collections::{BTreeMap, BTreeSet};
use wgprune::check::gather_batch::params;
use wgprune::check::retouch::check;
use wgprune::check::{floats, step};
use wgprune::ops::{ColorJitter, RandomErasing, Retouch, StepParams};
use wgprune::reference::retouch::{Change, Choice, retouch, with_hue_moved};

/// As progressive magnitude pruning has it.
const JITTER: ColorJitter = ColorJitter {
    brightness: 0.2,
    contrast: 0.2,
    saturation: 0.2,
    hue: 0.1,
};

const STRONGEST: ColorJitter = ColorJitter {
    brightness: 1.0,
    contrast: 1.0,
    saturation: 1.0,
    hue: 0.5,
};

const HALF: RandomErasing = RandomErasing {
    probability: 0.5,
    to_mean: false,
};

const NEVER: RandomErasing = RandomErasing {
    probability: 0.0,
    to_mean: false,
};

fn op([n, h, w, c]: [u32; 4], jitter: ColorJitter, erasing: RandomErasing) -> Retouch {
    Retouch {
        n,
        h,
        w,
        c,
        jitter,
        erasing,
    }
}

/// Of a batch of so many samples.
#[track_caller]
fn assert_agrees(op: Retouch, count: u32) {
    assert_sound(&format!("{op:?}"), &unchecked_settings(), |setting| {
        check(setting, op, params(count))
    });
}

#[test]
fn retouched_batches_agree_with_their_twin() {
    let to_mean = RandomErasing {
        to_mean: true,
        ..HALF
    };
    for op in [
        op([12, 32, 32, 3], JITTER, HALF),
        op([12, 9, 31, 3], STRONGEST, to_mean),
        op([12, 28, 27, 1], STRONGEST, HALF),
        op([12, 16, 5, 3], ColorJitter::default(), to_mean),
        op([12, 1, 1, 3], JITTER, HALF),
    ] {
        assert_sound_everywhere(&format!("{op:?}"), |setting| check(setting, op, params(12)));
    }
}

#[test]
fn each_kind_of_change_agrees_alone() {
    for jitter in [
        ColorJitter {
            brightness: 0.7,
            ..ColorJitter::default()
        },
        ColorJitter {
            contrast: 0.7,
            ..ColorJitter::default()
        },
        ColorJitter {
            saturation: 0.7,
            ..ColorJitter::default()
        },
        ColorJitter {
            hue: 0.5,
            ..ColorJitter::default()
        },
    ] {
        let op = op([9, 10, 11, 3], jitter, NEVER);
        assert_agrees(op, 9);
    }
}

#[test]
fn rows_of_padding_repeat_the_last_sample() {
    let op = op([9, 8, 8, 3], JITTER, HALF);
    assert_agrees(op, 4);
}

/// Sums of fifty thousand greys.
#[test]
fn large_images_agree_with_their_twin() {
    let op = op([3, 224, 224, 3], JITTER, HALF);
    assert_agrees(op, 3);
}

/// More images than an axis of the grid has workgroups. One device shows it; a software one takes seconds.
#[test]
fn more_images_than_workgroups_of_an_axis_are_all_retouched() {
    let op = op([65_537, 2, 1, 1], STRONGEST, NEVER);
    assert_sound(&format!("{op:?}"), &unchecked_settings()[..1], |setting| {
        check(setting, op, params(3))
    });
}

/// On 200,000 pairs of near colours, some of them near a grey or near a tie of two components.
#[test]
fn a_shift_of_hue_carries_an_error_no_farther_than_the_twin_says() {
    let words = floats(7, 200_000 * 7);
    let mut most: f64 = 0.0;
    for (i, draw) in words.chunks(7).enumerate() {
        let draw: Vec<f64> = draw.iter().map(|&v| v.into()).collect();
        let spread = [1.0, 0.01, 1e-4, 1e-6][i % 4];
        let near = |at: usize| 128.0 + 120.0 * (draw[0] * (1.0 - spread) + draw[at] * spread);
        let mut color = [near(1), near(2), near(3)];
        if i % 8 >= 4 {
            color[1] = color[0];
        }
        let step = [1.0, 1e-3, 1e-5][i % 3];
        let other = [0, 1, 2].map(|c| color[c] + step * draw[4 + c]);
        let share = 0.5 * draw[(i / 3) % 3 + 1];
        let distance =
            |a: [f64; 3], b: [f64; 3]| (0..3).map(|c| (a[c] - b[c]).abs()).fold(0.0, f64::max);
        let moved = distance(with_hue_moved(color, share), with_hue_moved(other, share));
        let ratio = moved / distance(color, other);
        assert!(
            ratio <= 3.0 + 1e-6,
            "{color:?} and {other:?} by {share}: {ratio}"
        );
        most = most.max(ratio);
    }
    assert!(most > 2.5, "the bound is much too wide: {most}");
}

#[test]
fn factors_reach_from_one_end_to_the_other_and_greys_keep_theirs() {
    let ends = |op: Retouch| -> Vec<[f32; 2]> {
        let factors = op.factors();
        let kinds = factors.chunks(Retouch::LEVELS as usize);
        assert!(
            factors
                .chunks(Retouch::LEVELS as usize)
                .all(<[f32]>::is_sorted)
        );
        kinds.map(|kind| [kind[0], kind[kind.len() - 1]]).collect()
    };
    let colored = [[0.8, 1.2], [0.8, 1.2], [0.8, 1.2], [-0.1, 0.1]];
    assert_eq!(ends(op([1, 8, 8, 3], JITTER, NEVER)), colored);
    let grey = [[0.8, 1.2], [0.8, 1.2], [1.0, 1.0], [0.0, 0.0]];
    assert_eq!(ends(op([1, 8, 8, 1], JITTER, NEVER)), grey);
    let strongest = ends(op([1, 8, 8, 3], STRONGEST, NEVER));
    assert_eq!(strongest[0], [0.0, 2.0]);
}

fn drawn(op: &Retouch, sample: u32, epoch: u32) -> Choice {
    let params = StepParams { epoch, ..step(1) };
    Choice::drawn(op, &params, sample)
}

#[test]
fn every_order_of_changes_is_as_likely_as_any_other() {
    let op = op([1, 8, 8, 3], JITTER, NEVER);
    let mut orders: BTreeMap<String, u32> = BTreeMap::new();
    for sample in 0..4800 {
        let changes = drawn(&op, sample, 3).changes;
        let letter = |change: &Change| match change {
            Change::Brightness(_) => 'b',
            Change::Contrast(_) => 'c',
            Change::Saturation(_) => 's',
            Change::Hue(_) => 'h',
        };
        *orders
            .entry(changes.iter().map(letter).collect())
            .or_default() += 1;
    }
    assert_eq!(orders.len(), 24, "{orders:?}");
    // Five deviations of 200 expected.
    assert!(
        orders.values().all(|count| (130..270).contains(count)),
        "{orders:?}"
    );
}

#[test]
fn rectangles_have_the_area_and_the_aspect_of_the_paper_and_lie_inside() {
    let op = op([1, 64, 96, 3], ColorJitter::default(), HALF);
    let (mut erased, mut corners, mut sum) = (0, BTreeSet::new(), 0.0);
    for sample in 0..4000 {
        let Choice {
            erased: [rows, columns],
            ..
        } = drawn(&op, sample, 0);
        assert!(rows.end <= 64 && columns.end <= 96, "{rows:?} {columns:?}");
        if rows.is_empty() {
            continue;
        }
        let [height, width] = [&rows, &columns].map(|r| f64::from(r.end - r.start));
        let (area, aspect) = (height * width / (64.0 * 96.0), height / width);
        // A pixel is rounded along each axis.
        assert!(
            (0.018..0.34).contains(&area) && (0.27..3.6).contains(&aspect),
            "{area} {aspect}"
        );
        sum += area;
        erased += 1;
        corners.extend([rows.start == 0, rows.end == 64].map(|at_edge| (0, at_edge)));
        corners.extend([columns.start == 0, columns.end == 96].map(|at_edge| (1, at_edge)));
    }
    // Five deviations of 4000 fair coins are 158.
    assert!((1842..2158).contains(&erased), "{erased}");
    // The middle of 2 and 33 %; tall rectangles of a wide image that do not fit are large, so a little less.
    let mean = sum / f64::from(erased);
    assert!((0.155..0.18).contains(&mean), "{mean}");
    assert_eq!(corners.len(), 4, "edges are reached and left");
}

#[test]
fn an_image_in_which_no_rectangle_fits_keeps_its_pixels() {
    let always = RandomErasing {
        probability: 1.0,
        ..HALF
    };
    let op = op([1, 1, 1000, 1], ColorJitter::default(), always);
    assert_eq!(op.sizes(), [[0, 0]]);
    let image = vec![100.0; 1000];
    let y = retouch(&op, &drawn(&op, 0, 0), &image, &[1.0, 0.0]);
    assert!(y.iter().all(|bounded| bounded.value == 100.0));
}
