//! The check of [`Relu`].

use super::{Bench, Case, Expected, Finding, Setting, floats};
use crate::error::Result;
use crate::ops::{Relu, Write};
use crate::reference::{added, relu as twin, terms};

/// Both directions on random numbers and on those where the sign is the question.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: Relu) -> Result<Vec<Finding>> {
    let mut x = floats(1, op.length);
    for (x, edge) in x.iter_mut().zip([0.0, 1e-30, -1e-30, f32::MAX, f32::MIN]) {
        *x = edge;
    }
    let dy = floats(2, op.length);
    let y = twin::forward(&x);
    let dx = twin::grad_input(&y, &dy);
    let mut bench = Bench::new(setting);
    let [gx, gdy] = [("x", &x), ("dy", &dy)].map(|(name, v)| bench.input(name, v));
    bench.direction("forward");
    let gy = bench.output("y", Expected::bits(&y));
    op.forward(&mut bench.plan, &gx, &gy);
    bench.direction("grad_input");
    let gdx = bench.output("dx", Expected::bits(&dx));
    op.grad_input(&mut bench.plan, [&gy, &gdy], &gdx, Write::Set);
    bench.direction("grad_input, added");
    let before = floats(3, op.length);
    let sum = added(&before, terms(&dx));
    let gsum = bench.state("dx", &before, Expected::within(&sum));
    op.grad_input(&mut bench.plan, [&gy, &gdy], &gsum, Write::Add);
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    let case = |length: u32| {
        let shape = length.to_string();
        Case::new("relu", shape, move |setting| {
            check(setting, Relu { length })
        })
    };
    [1, 1031].map(case).into()
}
