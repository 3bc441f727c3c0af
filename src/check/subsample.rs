//! The check of [`Subsample`].

use super::{Bench, Case, Expected, Finding, Setting, floats};
use crate::error::Result;
use crate::ops::{Subsample, Write};
use crate::reference::{added, subsample as twin, terms};

/// Both directions on random numbers.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: Subsample) -> Result<Vec<Finding>> {
    let [x, dy, before] = [(1, op.x_len()), (2, op.y_len()), (3, op.x_len())]
        .map(|(seed, count)| floats(seed, count));
    let dx = twin::grad_input(&op, &dy);
    let sums = added(&before, terms(&dx));
    let mut bench = Bench::new(setting);
    let [gx, gdy] = [bench.input("x", &x), bench.input("dy", &dy)];
    bench.direction("forward");
    let gy = bench.output("y", Expected::bits(&twin::forward(&op, &x)));
    op.forward(&mut bench.plan, &gx, &gy);
    bench.direction("grad_input");
    let gdx = bench.output("dx", Expected::bits(&dx));
    op.grad_input(&mut bench.plan, &gdy, &gdx, Write::Set);
    bench.direction("grad_input, added");
    let gsum = bench.state("dx", &before, Expected::within(&sums));
    op.grad_input(&mut bench.plan, &gdy, &gsum, Write::Add);
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    let op = Subsample {
        n: 3,
        h: 7,
        w: 6,
        c: 5,
        k: 11,
        stride: 2,
    };
    let shape = "3x7x6x5 to 11, step 2";
    vec![Case::new("subsample", shape, move |setting| {
        check(setting, op)
    })]
}
