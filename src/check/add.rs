//! The check of [`Add`].

use super::{Bench, Case, Expected, Finding, Setting, floats};
use crate::error::Result;
use crate::ops::{Add, Write};
use crate::reference::add as twin;

/// The sum, and both ways to write a gradient, on random numbers.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: Add) -> Result<Vec<Finding>> {
    let [a, b] = [1, 2].map(|seed| floats(seed, op.length));
    let y = twin::forward(&a, &b);
    let mut bench = Bench::new(setting);
    let [ga, gb] = [("a", &a), ("b", &b)].map(|(name, v)| bench.input(name, v));
    bench.direction("forward");
    let gy = bench.output("y", Expected::within(&y));
    op.forward(&mut bench.plan, [&ga, &gb], &gy);
    bench.direction("grad_input");
    let gdx = bench.output("dx", Expected::bits(&a));
    op.grad_input(&mut bench.plan, &ga, &gdx, Write::Set);
    bench.direction("grad_input, added");
    let gsum = bench.state("dx", &b, Expected::within(&y));
    op.grad_input(&mut bench.plan, &ga, &gsum, Write::Add);
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    let case = |length: u32| {
        let shape = length.to_string();
        Case::new("add", shape, move |setting| check(setting, Add { length }))
    };
    [1031, 1032].map(case).into()
}
