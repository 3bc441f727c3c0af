//! The phases that make a batch of images: gathered, and where colours change on the way, retouched.

use super::compile::{RunTensors, Settings, TEST, TRAIN};
use super::{Net, Shape};
use crate::gpu::{Plan, Tensor};
use crate::ops::{Augment, GatherBatch, Retouch};

/// Retouching of training images, and the tables for it, which the host writes before the first step.
#[derive(Debug, Clone)]
pub struct RetouchTensors {
    /// The op, which knows what the tables hold.
    pub op: Retouch,
    /// [`GatherBatch::unscaled`], as a batch is normalised only after it is retouched.
    pub unscaled: Tensor,
    /// [`Retouch::factors`].
    pub factors: Tensor,
    /// [`Retouch::sizes`].
    pub sizes: Tensor,
}

impl RetouchTensors {
    pub(super) fn new(input: Shape, settings: &Settings, plan: &mut Plan) -> Option<Self> {
        let Shape { h, w, c } = input;
        let op = Retouch {
            n: settings.batch,
            h,
            w,
            c,
            jitter: settings.jitter,
            erasing: settings.erasing,
        };
        if !op.is_needed() {
            return None;
        }
        let sizes = u32::try_from(op.sizes().len()).expect("a few thousand");
        Some(Self {
            op,
            unscaled: plan.tensor("unscaled", &[2 * c]),
            factors: plan.tensor("factors", &[4, Retouch::LEVELS]),
            sizes: plan.tensor("sizes", &[sizes, 2]),
        })
    }
}

pub(super) fn record_gathers(
    plan: &mut Plan,
    net: &Net,
    settings: &Settings,
    tensors: &RunTensors,
    outputs: [&Tensor; 2],
) {
    let Shape { h, w, c } = net.input;
    let plain = Augment::default();
    for (phase, set, augment, retouch) in [
        ("gather", TRAIN, settings.augment, tensors.retouch.as_ref()),
        ("gather-plain", TRAIN, plain, None),
        ("gather-test", TEST, plain, None),
    ] {
        plan.phase(phase);
        plan.layer("batch");
        let RunTensors {
            images,
            labels,
            order,
            step,
            scale,
            turns,
            ..
        } = tensors;
        let [image, batch_labels] = outputs;
        let (gathered, own_scale) = match retouch {
            Some(retouch) => (
                &plan.scratch("image.bytes", &image.shape),
                &retouch.unscaled,
            ),
            None => (image, scale),
        };
        let inputs = [&labels[set], order, step, own_scale, turns];
        GatherBatch {
            n: settings.batch,
            h,
            w,
            c,
            augment,
        }
        .record(plan, &images[set], inputs, [gathered, batch_labels]);
        if let Some(RetouchTensors {
            op, factors, sizes, ..
        }) = retouch
        {
            op.record(plan, [gathered, order, step, scale, factors, sizes], image);
        }
    }
}
