//! The metrics table against its twin, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::metrics::{ROWS, check, rows};

const ROW: u32 = 3;

fn assert_agrees(loss: &[f32], hit: &[u32], count: u32) {
    assert_writes(loss, hit, count, [ROW, ROW]);
}

/// Asserts that a step with this number of a row writes its record into the one that is meant.
fn assert_writes(loss: &[f32], hit: &[u32], count: u32, rows: [u32; 2]) {
    assert_sound_everywhere("metrics", |setting| check(setting, loss, hit, count, rows));
}

#[test]
fn metrics_agree_with_their_twin() {
    for (n, count) in [(1, 1), (37, 37), (64, 63), (131, 100), (1000, 1)] {
        let (loss, hit) = rows(n, count);
        assert_agrees(&loss, &hit, count);
    }
}

#[test]
fn a_row_behind_the_table_means_the_last_row() {
    let (loss, hit) = rows(5, 5);
    for row in [ROWS, 1 << 28, u32::MAX] {
        assert_writes(&loss, &hit, 5, [row, ROWS - 1]);
    }
}

#[test]
fn a_loss_that_is_not_finite_is_reported() {
    for (position, bad) in [(0, f32::NAN), (130, f32::INFINITY), (64, f32::NEG_INFINITY)] {
        let (mut loss, hit) = rows(131, 131);
        loss[position] = bad;
        assert_agrees(&loss, &hit, 131);
    }
}
