//! The check of [`GatherBatch`].

use super::{Bench, Case, Expected, Finding, Setting, integers, step};
use crate::error::Result;
use crate::ops::{Affine, Augment, Crop, GatherBatch, StepParams};
use crate::random::{Stream, permutation};
use crate::reference::gather_batch::{Samples, gather};

/// Samples of the data sets that [`images`] makes.
pub const SAMPLES: u32 = 23;

/// A batch of `step.count` samples, whose images lie in shards of so many. The twin takes them in the order that is `meant`, the device by the `order` of
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
    shard: u32,
) -> Result<Vec<Finding>> {
    let as_meant = Samples {
        order: meant,
        ..samples
    };
    let (x, labels) = gather(&op, &step, as_meant, scale);
    let turns = op
        .augment
        .affine
        .map_or(vec![[0; 2]], |affine| affine.turns());
    let mut bench = Bench::new(setting);
    let shard_bytes = (shard * op.h * op.w * op.c) as usize;
    let shards: Vec<_> = (samples.images.chunks(shard_bytes))
        .map(|images| {
            let mut bytes = images.to_vec();
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bench.input("images", &bytemuck::pod_collect_to_vec::<u8, u32>(&bytes))
        })
        .collect();
    let inputs = [
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
    let (inputs, outputs) = (inputs.each_ref(), outputs.each_ref());
    op.record(&mut bench.plan, &shards, inputs, outputs);
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
    let moved = Augment {
        crop: Some(Crop {
            margin: 2,
            reflect: true,
        }),
        flip: true,
        affine: Some(affine),
    };
    let cases = [
        ([9, 5, 7, 3], Augment::default(), 9),
        ([7, 13, 18, 1], moved, 5),
    ];
    let case = |([n, h, w, c], augment, count): ([u32; 4], Augment, u32)| {
        let turned = augment
            .affine
            .map_or("", |_| ", cropped, flipped and turned");
        let op = GatherBatch {
            n,
            h,
            w,
            c,
            augment,
        };
        let shape = format!("{count} of {n}x{h}x{w}x{c}{turned}");
        Case::new("gather_batch", shape, move |setting| {
            let (images, labels, order) = (images(&op), labels(), order());
            let samples = Samples {
                images: &images,
                labels: &labels,
                order: &order,
            };
            let scale = GatherBatch::scale(&vec![0.4; c as usize], &vec![0.3; c as usize]);
            let shard = if c > 1 { SAMPLES } else { 8 };
            check(setting, op, params(count), samples, &order, &scale, shard)
        })
    };
    cases.map(case).into()
}
