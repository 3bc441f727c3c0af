//! Convolutions against their twin, on every adapter.

mod common;

use common::{assert_sound, settings, unchecked_settings};
use wgprune::check::{Setting, conv2d};
use wgprune::gpu::{Kept, Tuning};
use wgprune::ops::Conv2d;

/// `[n, h, w, c]` of the input, then `[k, kernel, stride, pad]`.
fn shape([n, h, w, c]: [u32; 4], [k, kernel, stride, pad]: [u32; 4]) -> Conv2d {
    Conv2d {
        n,
        h,
        w,
        c,
        k,
        kernel,
        stride,
        pad,
    }
}

fn assert_agrees(s: &Conv2d, has_bias: bool, settings: &[Setting]) {
    assert_sound(&format!("{s:?}"), settings, |setting| {
        conv2d::check(setting, *s, has_bias)
    });
}

#[test]
fn conv2d_agrees_with_its_twin_where_nothing_divides_anything() {
    for s in [
        shape([2, 7, 5, 3], [4, 3, 1, 1]),
        shape([3, 9, 8, 2], [5, 3, 2, 1]),
        shape([2, 8, 11, 3], [7, 5, 3, 2]),
        shape([1, 3, 4, 1], [2, 5, 1, 2]),
        shape([2, 5, 7, 3], [2, 2, 2, 0]),
    ] {
        assert_agrees(&s, true, &settings());
    }
}

/// Loads of two and four numbers, alone and mixed, with edges: each pair of widths that an op can choose.
#[test]
fn conv2d_agrees_with_its_twin_where_channels_make_vectors() {
    for s in [
        shape([2, 5, 6, 4], [12, 3, 1, 1]),
        shape([17, 6, 5, 8], [6, 3, 2, 1]),
        shape([3, 4, 4, 2], [20, 2, 2, 0]),
        shape([2, 7, 6, 12], [3, 3, 2, 2]),
        shape([5, 4, 5, 3], [68, 3, 1, 0]),
        shape([3, 5, 4, 6], [10, 3, 1, 1]),
    ] {
        assert_agrees(&s, true, &settings());
    }
}

/// Rows of outputs that a lane takes in stretches, under windows that share what they read: along the whole row and a part
/// of it, side by side and with a step, and fewer stretches than lanes.
#[test]
fn conv2d_agrees_with_its_twin_where_windows_slide_along_rows() {
    for s in [
        shape([3, 5, 8, 4], [16, 3, 1, 1]),
        shape([5, 9, 16, 8], [16, 3, 2, 1]),
        shape([2, 6, 12, 2], [6, 5, 1, 2]),
        shape([1, 3, 4, 3], [8, 3, 1, 1]),
        shape([2, 4, 20, 16], [16, 3, 1, 1]),
    ] {
        assert_agrees(&s, true, &settings());
    }
}

/// The settings, with so many channels from which on Winograd's algorithm is used.
fn from_channels(winograd_channels: u32, settings: Vec<Setting>) -> Vec<Setting> {
    let with = |Setting { gpu, tuning }| Setting {
        gpu,
        tuning: Tuning {
            winograd_channels,
            ..tuning
        },
    };
    settings.into_iter().map(with).collect()
}

#[test]
fn conv2d_agrees_with_its_twin_by_winograds_algorithm() {
    for (s, has_bias) in [
        // Whole tiles, tiles that pass an edge, tiles that pass both, and images smaller than a tile; where 2 x 2 is enough,
        // a whole tile, several, and some that pass an edge; and so many channels that values are narrower.
        (shape([3, 8, 12, 8], [16, 3, 1, 1]), true),
        (shape([2, 7, 9, 12], [20, 3, 1, 1]), false),
        (shape([2, 9, 6, 36], [40, 3, 1, 1]), true),
        (shape([2, 3, 3, 8], [12, 3, 1, 1]), false),
        (shape([6, 2, 2, 8], [16, 3, 1, 1]), true),
        (shape([3, 2, 7, 12], [8, 3, 1, 1]), false),
        (shape([5, 1, 2, 20], [4, 3, 1, 1]), false),
        (shape([2, 3, 5, 256], [8, 3, 1, 1]), false),
        (shape([1, 5, 4, 8], [256, 3, 1, 1]), true),
    ] {
        let settings = from_channels(4, settings());
        assert!(settings.iter().all(|it| s.is_winograd(it.tuning)));
        assert_agrees(&s, has_bias, &settings);
        for kept in [Kept::Nothing, Kept::Weights, Kept::All] {
            let mut unchecked = from_channels(4, unchecked_settings());
            unchecked.iter_mut().for_each(|it| it.tuning.kept = kept);
            let what = format!("both gradients of {s:?}, {kept:?} kept");
            assert_sound(&what, &unchecked, |setting| {
                conv2d::check_backward(setting, s)
            });
        }
    }
}

#[test]
fn both_gradients_in_one_go_agree_with_their_twins_as_plain_sums() {
    let s = shape([2, 5, 6, 4], [12, 3, 1, 1]);
    let settings = unchecked_settings();
    assert!(settings.iter().all(|it| !s.is_winograd(it.tuning)));
    assert_sound(&format!("{s:?}"), &settings, |setting| {
        conv2d::check_backward(setting, s)
    });
}

/// One shape whose gradients pass an edge, by the algorithm that is the default for it, and by the other.
#[test]
fn conv2d_agrees_with_its_twin_whichever_algorithm_computes_it() {
    let s = shape([3, 6, 5, 32], [32, 3, 1, 1]);
    let never = from_channels(u32::MAX, unchecked_settings());
    assert!(never.iter().all(|it| !s.is_winograd(it.tuning)));
    assert_agrees(&s, false, &never);
    let default = unchecked_settings();
    assert!(default.iter().all(|it| s.is_winograd(it.tuning)));
    assert_agrees(&s, false, &default);
}

#[test]
fn conv2d_agrees_with_its_twin_without_a_bias() {
    assert_agrees(&shape([2, 6, 7, 9], [17, 1, 2, 0]), false, &settings());
    // So many pixels that the weight gradient is cut into slices, of which the last is shorter.
    assert_agrees(&shape([3, 6, 7, 3], [5, 2, 1, 0]), false, &settings());
}

#[test]
fn conv2d_agrees_with_its_twin_at_the_shapes_of_lenet() {
    assert_agrees(
        &shape([3, 28, 28, 1], [20, 5, 1, 0]),
        true,
        &unchecked_settings(),
    );
    assert_agrees(
        &shape([2, 12, 12, 20], [50, 5, 1, 0]),
        true,
        &unchecked_settings(),
    );
}

#[test]
fn a_weight_gradient_over_more_than_65535_pixels_is_complete() {
    let s = shape([128, 26, 26, 1], [2, 3, 1, 0]);
    assert!(s.n * s.p() * s.q() > 70_000);
    // The fewest slices that the op allows, and the usual ones.
    let uncut = |setting: Setting| Setting {
        tuning: Tuning {
            wanted_groups: 1,
            ..setting.tuning
        },
        ..setting
    };
    let both = unchecked_settings()
        .into_iter()
        .flat_map(|setting| [uncut(setting.clone()), setting]);
    assert_agrees(&s, true, &both.collect::<Vec<_>>());
}
