//! The check of [`BatchNorm`].

use super::{Bench, Case, Expected, Finding, Setting, floats};
use crate::error::Result;
use crate::ops::{BatchNorm, Statistics, Write};
use crate::reference::batch_norm::{self as twin, Channels};
use crate::reference::{added, terms};

/// All directions on random numbers whose channels lie at `offset` times their spread from 0. Where a value `is_added`,
/// gradients are added to what is there before; otherwise they are set.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(
    setting: &Setting,
    op: BatchNorm,
    is_added: bool,
    offset: f32,
) -> Result<Vec<Finding>> {
    let (length, c) = (op.rows * op.c, op.c);
    let [mut x, dy, other, before] = [1, 2, 3, 4].map(|seed| floats(seed, length));
    for x in &mut x {
        *x += offset;
    }
    let [scale, shift, running_mean, old] = [5, 6, 7, 8].map(|seed| floats(seed, c));
    let running_variance: Vec<f32> = old.iter().map(|v| v.abs()).collect();
    let running = [&running_mean[..], &running_variance[..]];
    let statistics = twin::statistics(&op, &x, running);
    #[allow(
        clippy::cast_possible_truncation,
        reason = "what the device has is f32"
    )]
    let [mean, variance] =
        [0, 1].map(|k| -> Vec<f32> { statistics[k].iter().map(|v| v.value as f32).collect() });
    let by = Channels {
        mean: &mean,
        variance: &variance,
        scale: &scale,
        shift: &shift,
    };
    let other = is_added.then_some(other);
    let y = twin::forward(&op, &x, &by, other.as_deref());
    #[allow(
        clippy::cast_possible_truncation,
        reason = "what the device has is f32"
    )]
    let y_values: Vec<f32> = y.iter().map(|y| y.value as f32).collect();
    let [gradients, fixed] =
        [true, false].map(|of_batch| twin::backward(&op, [&dy, &y_values, &x], &by, of_batch));

    let mut bench = Bench::new(setting);
    let [gx, gdy, gy_before] =
        [("x", &x), ("dy", &dy), ("y", &y_values)].map(|(name, v)| bench.input(name, v));
    let [gmean, gvariance, gscale, gshift] = [
        ("mean", &mean),
        ("variance", &variance),
        ("scale", &scale),
        ("shift", &shift),
    ]
    .map(|(name, v)| bench.input(name, v));
    let gother = other.as_ref().map(|other| bench.input("added", other));

    bench.direction("statistics");
    let [own_mean, own_variance] = [("own mean", 0), ("own variance", 1)]
        .map(|(name, k)| bench.output(name, Expected::within(&statistics[k])));
    let [new_mean, new_variance] = [("running mean", 2), ("running variance", 3)]
        .map(|(name, k)| bench.state(name, running[k - 2], Expected::within(&statistics[k])));
    let own = [&own_mean, &own_variance];
    op.statistics(&mut bench.plan, &gx, own, [&new_mean, &new_variance]);

    bench.direction("forward");
    let gy = bench.output("y", Expected::within(&y));
    let (statistics, affine) = ([&gmean, &gvariance], [&gscale, &gshift]);
    op.forward(
        &mut bench.plan,
        &gx,
        statistics,
        affine,
        gother.as_ref(),
        &gy,
    );

    bench.direction("backward");
    let [gdscale, gdshift] = [("dscale", &gradients.dscale), ("dshift", &gradients.dshift)]
        .map(|(name, expected)| bench.output(name, Expected::within(expected)));
    let inputs = [&gdy, &gy_before, &gx];
    // Alone, or with the gradient of what is added, which once goes without that of what is normalised.
    let (dx, dadded) = if is_added {
        let sums = op.relu.then(|| {
            let sums = added(&before, gradients.dx);
            bench.state("dx", &before, Expected::within(&sums))
        });
        let sums_added = added(&dy, terms(&gradients.dadded));
        let dadded = bench.state("dadded", &dy, Expected::within(&sums_added));
        (sums.map(|dx| (dx, Write::Add)), Some((dadded, Write::Add)))
    } else {
        let dx = bench.output("dx", Expected::within(&gradients.dx));
        let plain = op
            .relu
            .then(|| bench.output("dadded", Expected::bits(&gradients.dadded)));
        (
            Some((dx, Write::Set)),
            plain.map(|dadded| (dadded, Write::Set)),
        )
    };
    let wanted = [&dx, &dadded].map(|output| output.as_ref().map(|(t, write)| (t, *write)));
    let affine = [&gdscale, &gdshift];
    let of_batch = Statistics::Batch(statistics);
    op.backward(&mut bench.plan, inputs, of_batch, &gscale, affine, wanted);

    bench.direction("backward, running");
    let [gdscale, gdshift] = [("dscale", &fixed.dscale), ("dshift", &fixed.dshift)]
        .map(|(name, expected)| bench.output(name, Expected::within(expected)));
    let dx = bench.output("dx", Expected::within(&fixed.dx));
    let running = Statistics::Running(statistics);
    let affine = [&gdscale, &gdshift];
    let wanted = [Some((&dx, Write::Set)), None];
    op.backward(&mut bench.plan, inputs, running, &gscale, affine, wanted);
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    // Channels that make no vectors; and many rows, with all that may follow.
    let shapes = [(61, 5, false, false), (2053, 8, true, true)];
    let case = |(rows, c, relu, is_added): (u32, u32, bool, bool)| {
        let op = BatchNorm { rows, c, relu };
        let then = if relu { ", added to, ReLU" } else { "" };
        let shape = format!("{rows}x{c}{then}");
        Case::new("batch_norm", shape, move |setting| {
            check(setting, op, is_added, 3.0)
        })
    };
    shapes.map(case).into()
}
