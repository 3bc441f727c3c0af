//! The check of [`MaxPool`].

use super::{Bench, Case, Expected, Finding, Setting, floats, integers};
use crate::error::Result;
use crate::ops::{MaxPool, Write};
use crate::reference::{added, magnitudes, max_pool as twin, sums};

/// Both directions on `x`.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: MaxPool, x: &[f32]) -> Result<Vec<Finding>> {
    let dy = floats(2, op.y_len());
    let (y, winner) = twin::forward(&op, x);
    let [dx, dx_terms] = [&dy, &magnitudes(&dy)].map(|dy| twin::grad_input(&op, dy, &winner));
    let mut bench = Bench::new(setting);
    let [gx, gdy] = [bench.input("x", x), bench.input("dy", &dy)];
    bench.direction("forward");
    let gy = bench.output("y", Expected::bits(&y));
    let gwinner = bench.output("winner", Expected::bits(&winner));
    op.forward(&mut bench.plan, &gx, &gy, &gwinner);
    bench.direction("taken");
    let others = floats(4, op.x_len());
    let gothers = bench.input("others", &others);
    let taken = twin::taken(&op, &others, &winner);
    let gtaken = bench.output("taken", Expected::bits(&taken));
    op.taken(&mut bench.plan, [&gothers, &gwinner], &gtaken);
    bench.direction("grad_input");
    let dx = sums(&dx, &dx_terms);
    let gdx = bench.output("dx", Expected::within(&dx));
    op.grad_input(&mut bench.plan, [&gdy, &gwinner], &gdx, Write::Set);
    bench.direction("grad_input, added");
    let before = floats(3, op.x_len());
    let gsum = bench.state("dx", &before, Expected::within(&added(&before, dx)));
    op.grad_input(&mut bench.plan, [&gdy, &gwinner], &gsum, Write::Add);
    Ok(bench.run()?.findings)
}

/// Numbers of which many are equal, zeros of both signs among them.
pub fn few_numbers(count: u32) -> Vec<f32> {
    let few = integers(3, count, 0..4);
    few.iter()
        .map(|&i| [-2.0, -1.0, -0.0, 0.0][i as usize])
        .collect()
}

pub(super) fn cases() -> Vec<Case> {
    let shapes = [([3, 7, 5, 3], [2, 2, 0]), ([2, 9, 8, 4], [3, 2, 1])];
    let case = |([n, h, w, c], [kernel, stride, pad]): ([u32; 4], [u32; 3])| {
        let op = MaxPool {
            n,
            h,
            w,
            c,
            kernel,
            stride,
            pad,
        };
        let shape = format!("{n}x{h}x{w}x{c}, window {kernel}, step {stride}, pad {pad}");
        let x = few_numbers(op.x_len());
        Case::new("max_pool", shape, move |setting| check(setting, op, &x))
    };
    shapes.map(case).into()
}
