//! The check of [`Retouch`].

use super::gather_batch::{order, params};
use super::{Bench, Case, Expected, Finding, Setting, integers};
use crate::error::Result;
use crate::ops::{ColorJitter, GatherBatch, RandomErasing, Retouch, StepParams};
use crate::reference::retouch::{Choice, retouch};

/// A batch of `params.count` samples from an [`order`] of samples.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: Retouch, params: StepParams) -> Result<Vec<Finding>> {
    let (x, order) = (images(&op), order());
    let channels = op.c as usize;
    let [means, deviations] = [&[0.49, 0.48, 0.45], &[0.25, 0.24, 0.26]];
    let scale = GatherBatch::scale(&means[..channels], &deviations[..channels]);
    let samples = order[params.position as usize..].iter();
    let drawn = samples.map(|&sample| Choice::drawn(&op, &params, sample));
    let choices: Vec<Choice> = drawn.take(params.count as usize).collect();
    let images = x.chunks((op.h * op.w * op.c) as usize);
    let y: Vec<_> = (0..)
        .zip(images)
        .flat_map(|(n, image)| {
            let choice = &choices[choices.len().min(n + 1) - 1];
            retouch(&op, choice, image, &scale)
        })
        .collect();
    let mut bench = Bench::new(setting);
    let inputs = [
        bench.input("x", &x),
        bench.input("order", &order),
        bench.input("step", &[params]),
        bench.input("scale", &scale),
        bench.input("factors", &op.factors()),
        bench.input("sizes", &op.sizes()),
    ];
    bench.direction("forward");
    let gy = bench.output("y", Expected::within(&y));
    op.record(&mut bench.plan, inputs.each_ref(), &gy);
    Ok(bench.run()?.findings)
}

/// A batch of images from 0 to 255: every third one of greys, and every third one of components that are 0 or 255, where
/// hues have their ties.
pub fn images(op: &Retouch) -> Vec<f32> {
    let bytes = integers(1, op.n * op.h * op.w * op.c, 0..256);
    let image = op.h * op.w * op.c;
    let byte = |i: u32| match i / image % 3 {
        0 => bytes[i as usize],
        1 => bytes[i as usize] / 128 * 255,
        _ => bytes[(i / op.c * op.c) as usize],
    };
    let images = (0..image * op.n).map(|i| byte(i) as f32);
    images.collect()
}

pub(super) fn cases() -> Vec<Case> {
    let jitter = ColorJitter {
        brightness: 0.2,
        contrast: 0.3,
        saturation: 0.4,
        hue: 0.5,
    };
    let erasing = |to_mean| RandomErasing {
        probability: 0.6,
        to_mean,
    };
    let case = |([h, w, c], jitter, to_mean): ([u32; 3], ColorJitter, bool)| {
        let op = Retouch {
            n: 9,
            h,
            w,
            c,
            jitter,
            erasing: erasing(to_mean),
        };
        let shape = format!("9x{h}x{w}x{c}, hue {}, erased", jitter.hue);
        Case::new("retouch", shape, move |setting| {
            check(setting, op, params(9))
        })
    };
    let cases = [
        ([17, 19, 3], jitter, false),
        ([7, 13, 1], ColorJitter::default(), true),
    ];
    cases.map(case).into()
}
