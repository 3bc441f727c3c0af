//! The check of [`GatherBatch`].

use super::{Bench, Case, Expected, Finding, Setting, integers, step};
use crate::error::Result;
use crate::ops::{Affine, GatherBatch, StepParams};
use crate::random::{Stream, permutation};
use crate::reference::gather_batch::{Samples, gather};

/// Samples of the data sets that [`images`] makes.
pub const SAMPLES: u32 = 23;

/// A batch of `step.count` samples. The twin takes them in the order that is `meant`, the device by the `order` of
/// `samples`; they differ where an entry lies behind the last, or a batch behind the order.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(
    setting: &Setting,
    op: GatherBatch,
    step: StepParams,
    samples: Samples<'_>,
    meant: &[u32],
    scale: &[f32],
) -> Result<Vec<Finding>> {
    let as_meant = Samples {
        order: meant,
        ..samples
    };
    let (x, labels) = gather(&op, &step, as_meant, scale);
    let turns = op.affine.map_or(vec![[0; 2]], |affine| affine.turns());
    let mut bytes = samples.images.to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let words: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes);
    let mut bench = Bench::new(setting);
    let inputs = [
        bench.input("images", &words),
        bench.input("all_labels", samples.labels),
        bench.input("order", samples.order),
        bench.input("step", &[step]),
        bench.input("scale", scale),
        bench.input("turns", &turns),
    ];
    bench.direction("forward");
    let outputs = [
        bench.output("x", Expected::within(&x)),
        bench.output("labels", Expected::bits(&labels)),
    ];
    op.record(&mut bench.plan, inputs.each_ref(), outputs.each_ref());
    Ok(bench.run()?.findings)
}

/// Random images of [`SAMPLES`] samples.
pub fn images(op: &GatherBatch) -> Vec<u8> {
    let words = integers(1, (SAMPLES * op.h * op.w * op.c).div_ceil(4), 0..u32::MAX);
    let mut bytes: Vec<u8> = bytemuck::cast_slice(&words).to_vec();
    bytes.truncate((SAMPLES * op.h * op.w * op.c) as usize);
    bytes
}

/// Labels of [`SAMPLES`] samples.
pub fn labels() -> Vec<u32> {
    integers(2, SAMPLES, 0..10)
}

/// Samples in a random order.
pub fn order() -> Vec<u32> {
    permutation(3, Stream::Shuffle, 0, SAMPLES)
}

/// A batch of `count` samples in the middle of the third epoch.
pub fn params(count: u32) -> StepParams {
    StepParams {
        position: 11,
        epoch: 2,
        seed: [0x1234_5678, 0x9abc_def0],
        ..step(count)
    }
}

pub(super) fn cases() -> Vec<Case> {
    let affine = Affine {
        degrees: 15.0,
        shift: 2,
    };
    let cases = [([9, 5, 7, 3], None, 9), ([7, 13, 18, 1], Some(affine), 5)];
    let case = |([n, h, w, c], affine, count): ([u32; 4], Option<Affine>, u32)| {
        let turned = affine.map_or("", |_| ", turned and shifted");
        let op = GatherBatch { n, h, w, c, affine };
        let shape = format!("{count} of {n}x{h}x{w}x{c}{turned}");
        Case::new("gather_batch", shape, move |setting| {
            let (images, labels, order) = (images(&op), labels(), order());
            let samples = Samples {
                images: &images,
                labels: &labels,
                order: &order,
            };
            let scale = GatherBatch::scale(&vec![0.4; c as usize], &vec![0.3; c as usize]);
            check(setting, op, params(count), samples, &order, &scale)
        })
    };
    cases.map(case).into()
}
