//! The check of [`CrossEntropy`].

use super::{Bench, Case, Expected, Finding, Setting, floats, integers, step};
use crate::error::Result;
use crate::ops::CrossEntropy;
use crate::reference::cross_entropy as twin;

/// Loss, hits and gradient of the logits `z`, of which `count` rows are no padding. The twin takes the labels that are
/// `meant`, the device `labels`; they differ where a label lies behind the last class.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(
    setting: &Setting,
    op: CrossEntropy,
    count: u32,
    z: &[f32],
    [labels, meant]: [&[u32]; 2],
) -> Result<Vec<Finding>> {
    let expected = twin::cross_entropy(&op, z, meant, count);
    let mut bench = Bench::new(setting);
    let inputs = [
        bench.input("z", z),
        bench.input("labels", labels),
        bench.input("step", &[step(count)]),
    ];
    bench.direction("both");
    let outputs = [
        bench.output("loss", Expected::within(&expected.loss)),
        bench.output("hit", Expected::bits(&expected.hit)),
        bench.output("dz", Expected::within(&expected.dz)),
    ];
    op.record(&mut bench.plan, inputs.each_ref(), outputs.each_ref());
    Ok(bench.run()?.findings)
}

/// Random logits between -`range` and `range`.
pub fn logits(op: &CrossEntropy, range: f32) -> Vec<f32> {
    let even = floats(1, op.n * op.classes);
    even.iter().map(|z| z * range).collect()
}

/// Random labels.
pub fn labels(op: &CrossEntropy) -> Vec<u32> {
    integers(2, op.n, 0..op.classes)
}

pub(super) fn cases() -> Vec<Case> {
    // Plain logits with padding, and so large ones that an exponential of them would be infinite.
    let cases = [(131, 10, 0.0, 70, 4.0), (37, 7, 0.1, 37, 3e4)];
    let case = |(n, classes, smoothing, count, range): (u32, u32, f32, u32, f32)| {
        let op = CrossEntropy {
            n,
            classes,
            smoothing,
        };
        let shape = format!("{count} of {n}x{classes}, logits to {range}, smoothing {smoothing}");
        Case::new("cross_entropy", shape, move |setting| {
            let labels = labels(&op);
            check(setting, op, count, &logits(&op, range), [&labels; 2])
        })
    };
    cases.map(case).into()
}
