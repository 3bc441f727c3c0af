//! The check of [`Metrics`].

use super::{Bench, Case, Expected, Finding, Setting, floats, integers, step};
use crate::error::Result;
use crate::ops::{Fault, Metrics, Record, StepParams};
use crate::reference::metrics as twin;

/// Rows of the table; the step writes to one of them.
pub const ROWS: u32 = 5;

/// The record of a step of `count` samples whose number of a row is `row`, into the one that is `meant`.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(
    setting: &Setting,
    loss: &[f32],
    hit: &[u32],
    count: u32,
    [row, meant]: [u32; 2],
) -> Result<Vec<Finding>> {
    let expected = twin::record(loss, hit, count);
    let untouched = Record {
        loss: -1.0,
        hits: 2,
        count: 3,
        fault: 4,
    };
    let table = [untouched; ROWS as usize];
    let mut after = Expected::bits(&table);
    let start = (meant * Record::LEN) as usize;
    // Which of the numbers that are not finite the loss becomes is not said.
    let mean = match expected.fault {
        None => Expected::Within(expected.loss),
        Some(_) => Expected::Any,
    };
    let fault = expected.fault.map_or(0, Fault::word);
    let words = [expected.hits, count, fault].map(Expected::Bits);
    after[start] = mean;
    after[start + 1..start + 4].copy_from_slice(&words);

    let params = StepParams {
        record: row,
        ..step(count)
    };
    let mut bench = Bench::new(setting);
    let inputs = [
        bench.input("loss", loss),
        bench.input("hit", hit),
        bench.input("step", &[params]),
    ];
    bench.direction("record");
    let records = bench.state("records", &table, after);
    let n = inputs[0].len();
    Metrics { n }.record(&mut bench.plan, inputs.each_ref(), &records);
    Ok(bench.run()?.findings)
}

/// Losses and hits of `n` rows of which `count` are no padding.
pub fn rows(n: u32, count: u32) -> (Vec<f32>, Vec<u32>) {
    let (mut loss, mut hit) = (floats(1, n), integers(2, n, 0..2));
    loss[count as usize..].fill(0.0);
    hit[count as usize..].fill(0);
    (loss, hit)
}

pub(super) fn cases() -> Vec<Case> {
    let case = |(n, count, bad): (u32, u32, Option<f32>)| {
        let with = bad.map_or(String::new(), |bad| format!(", one loss {bad}"));
        Case::new("metrics", format!("{count} of {n}{with}"), move |setting| {
            let (mut loss, hit) = rows(n, count);
            if let Some(bad) = bad {
                loss[count as usize / 2] = bad;
            }
            check(setting, &loss, &hit, count, [3, 3])
        })
    };
    [(131, 100, None), (131, 131, Some(f32::NAN))]
        .map(case)
        .into()
}
