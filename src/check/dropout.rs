//! The check of [`Dropout`].

use super::{Bench, Case, Expected, Finding, Setting, floats, step};
use crate::error::Result;
use crate::ops::{Dropout, StepParams, Write};
use crate::reference::{added, dropout as twin};

/// Both directions in one step, and that backwards adds where it shall.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: Dropout) -> Result<Vec<Finding>> {
    let params = StepParams {
        position: 384,
        epoch: 3,
        seed: [0x89ab_cdef, 0x0123_4567],
        ..step(1)
    };
    let [x, before] = [1, 2].map(|seed| floats(seed, op.length));
    let y = twin::forward(&op, &params, &x);
    let mut bench = Bench::new(setting);
    let [gx, gparams] = [
        bench.input("x", &x),
        bench.input("step", bytemuck::cast_slice::<_, u32>(&[params])),
    ];
    bench.direction("forward");
    let gy = bench.output("y", Expected::within(&y));
    op.forward(&mut bench.plan, [&gx, &gparams], &gy);
    bench.direction("grad_input");
    let sum = Expected::within(&added(&before, y));
    let gsum = bench.state("dx", &before, sum);
    op.grad_input(&mut bench.plan, [&gx, &gparams], &gsum, Write::Add);
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    let case = |(length, rate): (u32, f32)| {
        let op = Dropout {
            length,
            rate,
            layer: 5,
        };
        let shape = format!("{length}, rate {rate}");
        Case::new("dropout", shape, move |setting| check(setting, op))
    };
    [(1031, 0.5)].map(case).into()
}
