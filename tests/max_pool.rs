//! Max pools against their twin, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::floats;
use wgprune::check::max_pool::{check, few_numbers};
use wgprune::ops::MaxPool;

/// `[n, h, w, c]` of the input, then `[kernel, stride, pad]`.
fn shape([n, h, w, c]: [u32; 4], [kernel, stride, pad]: [u32; 3]) -> MaxPool {
    MaxPool {
        n,
        h,
        w,
        c,
        kernel,
        stride,
        pad,
    }
}

fn assert_agrees(s: MaxPool, x: &[f32]) {
    assert_sound_everywhere(&format!("{s:?}"), |setting| check(setting, s, x));
}

#[test]
fn max_pool_agrees_with_its_twin() {
    for s in [
        shape([3, 7, 5, 3], [2, 2, 0]),
        shape([2, 9, 8, 5], [3, 2, 1]),
        shape([1, 6, 11, 2], [3, 1, 1]),
        shape([2, 24, 24, 20], [2, 2, 0]),
    ] {
        assert_agrees(s, &floats(1, s.x_len()));
    }
}

#[test]
fn the_first_of_equal_maxima_wins() {
    // Alone, and as vectors of two and four channels.
    for c in [5, 2, 4] {
        let s = shape([2, 9, 8, c], [3, 2, 1]);
        assert_agrees(s, &few_numbers(s.x_len()));
    }
}

#[test]
fn padding_is_below_every_number() {
    let s = shape([2, 9, 8, 5], [3, 2, 1]);
    assert_agrees(s, &vec![f32::MIN; s.x_len() as usize]);
}
