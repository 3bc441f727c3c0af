//! Batch norm against its twin, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::batch_norm::check;
use wgprune::ops::BatchNorm;

fn assert_agrees(rows: u32, c: u32, offset: f32) {
    for (relu, is_added) in [(false, false), (true, false), (true, true), (false, true)] {
        let op = BatchNorm { rows, c, relu };
        assert_sound_everywhere(&format!("{op:?}, added {is_added}"), |setting| {
            check(setting, op, is_added, offset)
        });
    }
}

#[test]
fn batch_norm_agrees_with_its_twin_where_nothing_divides_anything() {
    assert_agrees(2, 3, 0.0);
    assert_agrees(1009, 5, 1.0);
}

#[test]
fn batch_norm_agrees_with_its_twin_where_channels_make_vectors() {
    assert_agrees(67, 512, 0.5);
    assert_agrees(4_100, 10, -0.5);
}

#[test]
fn rows_beyond_what_a_loop_can_count_are_complete() {
    assert_agrees(140_001, 4, 0.1);
}

#[test]
fn the_variance_of_channels_far_from_zero_is_not_lost() {
    // A sum of squares less the square of a sum would be off by more than the variance itself.
    assert_agrees(5_003, 8, 3000.0);
}
