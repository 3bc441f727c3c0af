//! Linear layers against their twin, on every adapter.

mod common;

use common::{assert_sound, settings, unchecked_settings};
use wgprune::check::{Setting, linear};
use wgprune::ops::Linear;

fn assert_agrees(s: &Linear, has_bias: bool, settings: &[Setting]) {
    assert_sound(&format!("{s:?}"), settings, |setting| {
        linear::check(setting, *s, has_bias)
    });
}

#[test]
fn linear_agrees_with_its_twin_where_nothing_divides_anything() {
    for (n, c, k, has_bias) in [
        (1, 1, 1, true),
        (3, 5, 7, false),
        (13, 71, 61, true),
        (131, 19, 3, true),
    ] {
        assert_agrees(&Linear { n, c, k }, has_bias, &settings());
    }
}

/// Loads of two and four numbers, alone and mixed: each pair of widths that the op can choose.
#[test]
fn linear_agrees_with_its_twin_where_features_make_vectors() {
    for (n, c, k) in [
        (17, 12, 72),
        (32, 20, 6),
        (3, 6, 8),
        (40, 10, 14),
        (9, 4, 5),
        (5, 3, 4),
        (6, 6, 5),
        (6, 5, 6),
    ] {
        assert_agrees(&Linear { n, c, k }, true, &settings());
    }
}

/// The rows of `dw` alone, summed up in four slices of which the last is shorter.
#[test]
fn linear_agrees_with_its_twin_in_slices_without_a_bias() {
    let (n, c, k) = (193, 7, 5);
    assert_agrees(&Linear { n, c, k }, false, &settings());
}

#[test]
fn linear_agrees_with_its_twin_at_the_shapes_of_lenet() {
    for (n, c, k) in [(5, 784, 300), (9, 100, 10)] {
        assert_agrees(&Linear { n, c, k }, true, &unchecked_settings());
    }
}
