//! The check of [`Displace`].

use super::{Bench, Case, Expected, Finding, Setting, floats};
use crate::error::Result;
use crate::ops::Displace;
use crate::reference::displace::displace;

/// Moves random numbers by the step of the op, of three.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: Displace) -> Result<Vec<Finding>> {
    let [x, direction] = [1, 2].map(|seed| floats(seed, op.length));
    let steps = [0.01f32, -0.75, 3.0];
    let moved = displace(steps[op.step as usize], &x, &direction);
    let mut bench = Bench::new(setting);
    let inputs = [
        bench.input("x", &x),
        bench.input("direction", &direction),
        bench.input("steps", &steps),
    ];
    bench.direction("displace");
    let y = bench.output("y", Expected::within(&moved));
    op.record(&mut bench.plan, inputs.each_ref(), &y);
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    let op = Displace {
        length: 3001,
        step: 1,
    };
    vec![Case::new("displace", "3001", move |setting| {
        check(setting, op)
    })]
}
