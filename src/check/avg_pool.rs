//! The check of [`AvgPool`].

use super::{Bench, Case, Expected, Finding, Setting, floats};
use crate::error::Result;
use crate::ops::{AvgPool, Write};
use crate::reference::{added, avg_pool as twin, magnitudes, sums};

/// Both directions on random numbers.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: AvgPool) -> Result<Vec<Finding>> {
    let [x, dy, before] = [(1, op.x_len()), (2, op.y_len()), (3, op.x_len())]
        .map(|(seed, count)| floats(seed, count));
    let y = sums(
        &twin::forward(&op, &x),
        &twin::forward(&op, &magnitudes(&x)),
    );
    let dx = sums(
        &twin::grad_input(&op, &dy),
        &twin::grad_input(&op, &magnitudes(&dy)),
    );
    let mut bench = Bench::new(setting);
    let [gx, gdy] = [bench.input("x", &x), bench.input("dy", &dy)];
    bench.direction("forward");
    let gy = bench.output("y", Expected::within(&y));
    op.forward(&mut bench.plan, &gx, &gy);
    bench.direction("grad_input");
    let gdx = bench.output("dx", Expected::within(&dx));
    op.grad_input(&mut bench.plan, &gdy, &gdx, Write::Set);
    bench.direction("grad_input, added");
    let gsum = bench.state("dx", &before, Expected::within(&added(&before, dx)));
    op.grad_input(&mut bench.plan, &gdy, &gsum, Write::Add);
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    let shapes = [([3, 7, 5, 3], [3, 2], 2), ([2, 5, 4, 8], [5, 4], 1)];
    let case = |([n, h, w, c], window, stride): ([u32; 4], [u32; 2], u32)| {
        let op = AvgPool {
            n,
            h,
            w,
            c,
            window,
            stride,
        };
        let [rows, columns] = window;
        let shape = format!("{n}x{h}x{w}x{c}, window {rows}x{columns}, step {stride}");
        Case::new("avg_pool", shape, move |setting| check(setting, op))
    };
    shapes.map(case).into()
}
