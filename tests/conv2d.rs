//! Convolutions against their twin, on every adapter.

mod common;

use common::{assert_sound, settings, unchecked_settings};
use wgprune::check::{Setting, conv2d};
use wgprune::gpu::Tuning;
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
