//! The check of [`Conv2d`].

use super::product::{self, Layer, layer, loosened};
use super::{Bench, Case, Expected, Finding, Setting, floats};
use crate::error::Result;
use crate::gpu::{Plan, Tensor};
use crate::ops::{Conv2d, Write};
use crate::reference::{conv2d, grad_bias, magnitudes};

layer!(
    Conv2d,
    conv2d,
    |s| [s.x_len(), s.w_len(), s.y_len(), s.k],
    |s, tuning| match s.is_winograd(tuning) {
        true => conv2d::WINOGRAD_SLACK,
        false => 1.0,
    }
);

/// All directions on random numbers.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: Conv2d, has_bias: bool) -> Result<Vec<Finding>> {
    product::check(setting, &op, has_bias)
}

/// Both gradients in one go after the forward pass, as training records them, with what it kept for them.
///
/// # Errors
/// As [`check`].
pub fn check_backward(setting: &Setting, op: Conv2d) -> Result<Vec<Finding>> {
    let [x, w, dy] = [(1, op.x_len()), (2, op.w_len()), (3, op.y_len())].map(|(s, n)| floats(s, n));
    let [ax, aw, ady] = [&x, &w, &dy].map(|v| magnitudes(v));
    let slack = op.slack(setting.tuning);
    let expected =
        |values: &[f64], terms: &[f64]| Expected::within(&loosened(slack, values, terms));
    let mut bench = Bench::new(setting);
    let [gx, gw, gdy] = [("x", &x), ("w", &w), ("dy", &dy)].map(|(n, v)| bench.input(n, v));
    bench.direction("forward");
    let gy = bench.output(
        "y",
        expected(
            &conv2d::forward(&op, &x, &w, None),
            &conv2d::forward(&op, &ax, &aw, None),
        ),
    );
    let points = op.points(&mut bench.plan, "conv");
    op.forward_keeping(&mut bench.plan, [&gx, &gw], None, &gy, &points);
    bench.direction("backward");
    let dw = expected(
        &conv2d::grad_weight(&op, &x, &dy),
        &conv2d::grad_weight(&op, &ax, &ady),
    );
    let dx = expected(
        &conv2d::grad_input(&op, &w, &dy),
        &conv2d::grad_input(&op, &aw, &ady),
    );
    let dbias = expected(&grad_bias(op.k, &dy), &grad_bias(op.k, &ady));
    let gdw = bench.output("dw", dw);
    let gdbias = bench.output("dbias", dbias);
    let gdx = bench.output("dx", dx);
    op.backward(
        &mut bench.plan,
        [&gx, &gw, &gdy],
        (&gdw, Some(&gdbias)),
        (&gdx, Write::Set),
        &points,
    );
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    let shapes = [
        // Padding and steps; vectors without either; and a weight gradient over more pixels than some loops can count.
        ([3, 9, 8, 3], [5, 3, 2, 1], true),
        ([2, 5, 7, 4], [6, 2, 1, 0], false),
        ([128, 26, 26, 1], [2, 3, 1, 0], true),
        // Tiles that pass two edges of the image, by Winograd's algorithm.
        ([3, 7, 9, 32], [36, 3, 1, 1], false),
        // Small tiles, of which two make an image.
        ([3, 4, 2, 32], [36, 3, 1, 1], true),
        // So many channels that values are narrower.
        ([2, 5, 6, 32], [256, 3, 1, 1], true),
    ];
    let case = |([n, h, w, c], [k, kernel, stride, pad], has_bias): ([u32; 4], [u32; 4], bool)| {
        let op = Conv2d {
            n,
            h,
            w,
            c,
            k,
            kernel,
            stride,
            pad,
        };
        let with = if has_bias { "bias" } else { "no bias" };
        let shape =
            format!("{n}x{h}x{w}x{c} to {k}, window {kernel}, step {stride}, pad {pad}, {with}");
        Case::new("conv2d", shape, move |setting| check(setting, op, has_bias))
    };
    shapes.map(case).into()
}
