//! The metrics table against its twin, on every adapter.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a failed test should panic, and its numbers are small"
)]

mod common;

use common::{Bench, assert_close, floats, integers, settings, step};
use wgprune::ops::{Metrics, Record, StepParams};
use wgprune::reference::metrics as twin;

/// Rows of the table; the step writes to one of them.
const ROWS: usize = 5;
const ROW: u32 = 3;

fn assert_agrees(loss: &[f32], hit: &[u32], count: u32) {
    assert_writes(loss, hit, count, [ROW, ROW]);
}

/// Asserts that a step with this `row` writes its record into the one that is `meant`.
fn assert_writes(loss: &[f32], hit: &[u32], count: u32, [row, meant]: [u32; 2]) {
    let expected = twin::record(loss, hit, count);
    let untouched = Record {
        loss: -1.0,
        hits: 2,
        count: 3,
        fault: 4,
    };
    let params = StepParams {
        record: row,
        ..step(count)
    };
    let n = u32::try_from(loss.len()).unwrap();
    for setting in settings() {
        let mut bench = Bench::new(&setting);
        let inputs = [
            bench.input("loss", loss),
            bench.input("hit", hit),
            bench.input("step", &[params]),
        ];
        let records = bench.state("records", &[untouched; ROWS]);
        Metrics { n }.record(&mut bench.plan, inputs.each_ref(), &records);
        let rows = bench.run().read::<Record>(&records).unwrap();
        for (i, row) in rows
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != meant as usize)
        {
            assert_eq!(*row, untouched, "row {i}");
        }
        let row = rows[meant as usize];
        assert_eq!(
            (row.hits, row.count, row.fault()),
            (expected.hits, count, expected.fault)
        );
        if expected.fault.is_none() {
            assert_close("loss", &[row.loss], &[expected.loss]);
        }
    }
}

/// Losses and hits of `n` rows of which `count` are no padding.
fn rows(n: u32, count: u32) -> (Vec<f32>, Vec<u32>) {
    let (mut loss, mut hit) = (floats(1, n), integers(2, n, 0..2));
    loss[count as usize..].fill(0.0);
    hit[count as usize..].fill(0);
    (loss, hit)
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
    for row in [ROWS as u32, 1 << 28, u32::MAX] {
        assert_writes(&loss, &hit, 5, [row, ROWS as u32 - 1]);
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
