//! The check of [`SquaredError`].

use super::{Bench, Case, Expected, Finding, Setting, floats, step};
use crate::error::Result;
use crate::ops::SquaredError;
use crate::reference::squared_error as twin;

/// Loss and gradient of random rows, of which `count` are no padding; what padding holds does not matter.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: SquaredError, count: u32) -> Result<Vec<Finding>> {
    let [mut y, t] = [1, 2].map(|seed| floats(seed, op.n));
    let [loss, dy] = twin::squared_error(&y, &t, count);
    y[count as usize..].fill(f32::NAN);
    let mut bench = Bench::new(setting);
    let inputs = [
        bench.input("y", &y),
        bench.input("t", &t),
        bench.input("step", &[step(count)]),
    ];
    bench.direction("both");
    let outputs = [
        bench.output("loss", Expected::within(&loss)),
        bench.output("dy", Expected::within(&dy)),
    ];
    op.record(&mut bench.plan, inputs.each_ref(), outputs.each_ref());
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    vec![Case::new("squared_error", "70 of 131", |setting| {
        check(setting, SquaredError { n: 131 }, 70)
    })]
}
