//! The check of [`Flow`].

use super::{Bench, Case, Expected, Finding, Setting, floats, prune::extremes};
use crate::error::Result;
use crate::ops::Flow;
use crate::reference::flow as twin;

/// Fills one tensor and takes the signs of another.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: Flow) -> Result<Vec<Finding>> {
    let before = extremes(op.length);
    let plain = floats(3, op.length);
    let mut bench = Bench::new(setting);
    let value = bench.input("value", &[0.25f32]);
    bench.direction("fill");
    let filled = bench.output("filled", Expected::bits(&twin::fill(0.25, before.len())));
    op.fill(&mut bench.plan, &value, &filled);
    bench.direction("scaled");
    let x = bench.input("signed", &plain);
    let scaled = bench.output("scaled", Expected::bits(&twin::scaled(0.25, &plain)));
    op.scaled(&mut bench.plan, &value, &x, &scaled);
    bench.direction("absolute");
    let x = bench.state("x", &before, Expected::bits(&twin::absolute(&before)));
    op.absolute(&mut bench.plan, &x);
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    vec![Case::new("flow", "3001", |setting| {
        check(setting, Flow { length: 3001 })
    })]
}
