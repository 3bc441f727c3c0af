//! Picks a batch from the data set on the device, normalises it and, if asked, rotates and shifts each image.

use super::StepParams;
use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

const KERNEL: Kernel = kernel!("gather_batch", "grid", "step", "philox");

/// Geometry of a batch: N·H·W·C from images of H·W·C bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GatherBatch {
    /// Rows of the batch.
    pub n: u32,
    /// Height of the images.
    pub h: u32,
    /// Width of the images.
    pub w: u32,
    /// Channels of the images.
    pub c: u32,
    /// Random rotation and translation; `None` takes the images as they are.
    pub affine: Option<Affine>,
}

/// Random affine augmentation: one angle and one translation for each sample and epoch, nearest pixel, black outside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine {
    /// Angles are drawn evenly from plus to minus this, in degrees.
    pub degrees: f64,
    /// Whole pixels along each axis are drawn evenly from plus to minus this.
    pub shift: u32,
}

impl Affine {
    /// Angles to draw from. At ten degrees either way, steps of a two-hundredth of a degree.
    pub const TURNS: u32 = 4096;

    /// Cosine and sine of each angle, see [`turn`](Self::turn).
    pub fn turns(&self) -> Vec<[i32; 2]> {
        (0..Self::TURNS).map(|i| self.turn(i)).collect()
    }

    /// Cosine and sine of one angle, times 65536 and rounded; computed by `libm`, so the same on every machine.
    pub fn turn(&self, i: u32) -> [i32; 2] {
        let share = 2.0 * f64::from(i) / f64::from(Self::TURNS - 1) - 1.0;
        let angle = (share * self.degrees).to_radians();
        #[allow(clippy::cast_possible_truncation, reason = "at most 65536")]
        [libm::cos(angle), libm::sin(angle)].map(|v| libm::round(v * 65536.0) as i32)
    }
}

impl GatherBatch {
    /// `images` (bytes, four to a word), `all_labels` (u32), the sample `order` (u32), `step`, `scale` (C factors,
    /// then C offsets) and `turns` (pairs of i32, [`Affine::turns`]) give `x` and `labels` (u32) of the batch.
    /// A place behind the last of `order` means the last, and so does an entry of `order` behind the last sample.
    /// Without samples the dispatch can be looked at, but no device loads it.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry and the samples.
    pub fn record(&self, plan: &mut Plan, inputs: [&Tensor; 6], [x, labels]: [&Tensor; 2]) {
        let [images, all_labels, order, step, scale, turns] = inputs;
        let samples = all_labels.len();
        x.expect_len(&[self.n, self.h, self.w, self.c]);
        labels.expect_len(&[self.n]);
        step.expect_len(&[StepParams::LEN]);
        scale.expect_len(&[2, self.c]);
        let bytes = u64::from(samples) * u64::from(self.h * self.w * self.c);
        images.expect_len(&[u32::try_from(bytes.div_ceil(4)).unwrap_or(u32::MAX)]);
        if self.affine.is_some() {
            turns.expect_len(&[Affine::TURNS, 2]);
        }
        let constants: [Constant; 8] = [
            ("N", self.n),
            ("H", self.h),
            ("W", self.w),
            ("C", self.c),
            ("SAMPLES", samples),
            ("ORDER", order.len()),
            ("TURNS", self.affine.map_or(0, |_| Affine::TURNS)),
            ("SHIFT", self.affine.map_or(0, |affine| affine.shift)),
        ]
        .map(|(name, value)| (name, value.into()));
        plan.elementwise(
            &KERNEL,
            &constants,
            &[&inputs[..], &[x, labels]].concat(),
            self.n * self.h,
        );
    }

    /// Factors and offsets that turn a byte into `(byte/255 - mean) / std` of its channel.
    pub fn scale(mean: &[f32], std: &[f32]) -> Vec<f32> {
        let factors = std.iter().map(|s| 1.0 / (255.0 * s));
        let offsets = mean.iter().zip(std).map(|(m, s)| -m / s);
        factors.chain(offsets).collect()
    }
}
