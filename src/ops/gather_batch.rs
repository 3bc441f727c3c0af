//! Picks a batch from the data set on the device, normalises it and, if asked, crops, flips, rotates and shifts each image.

use super::StepParams;
use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

const KERNEL: Kernel = kernel!("gather_batch", "grid", "step", "sample", "philox");

/// A binding may have 128 MiB on any adapter.
const MOST_SHARD_BYTES: u32 = 120 << 20;

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
    /// What happens to the images on the way.
    pub augment: Augment,
}

/// Random changes of where the pixels of an image lie, one after the other. Parameters are drawn for each sample and epoch
/// and counted in integers, so every adapter takes the same pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Augment {
    /// First, a part of the image with a margin around it.
    pub crop: Option<Crop>,
    /// Then half of the images are mirrored left to right.
    pub flip: bool,
    /// Then they are turned and moved.
    pub affine: Option<Affine>,
}

/// Random crop: the image gets a margin, and a part of its old size is taken anywhere within.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Crop {
    /// Pixels on every side; fewer than the image has along each axis.
    pub margin: u32,
    /// Whether the margin mirrors the image about its outermost pixels; otherwise it is black.
    pub reflect: bool,
}

/// Random rotation and translation: one angle and one translation for each sample and epoch, nearest pixel, black outside.
///
/// Both come before colours change ([`Retouch`](super::Retouch)). Where a recipe translates only after its colour jitter,
/// two things differ: the mean that contrast blends with is that of the translated image, and contrast does to the black
/// beside that image what it does to its other pixels.
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
    /// Images in each shard but the last, of images of so many bytes: whole ones in whole words, in no more bytes than any
    /// adapter lets a kernel bind.
    pub fn shard_images(image_bytes: u32) -> u32 {
        (MOST_SHARD_BYTES / image_bytes.max(1) / 4 * 4).max(4)
    }

    /// `images` (bytes, four to a word, in one or more shards, all but the last of as many whole images), `all_labels`
    /// (u32), the sample `order` (u32), `step`, `scale` (C factors, then C offsets) and `turns` (pairs of i32,
    /// [`Affine::turns`]) give `x` and `labels` (u32) of the batch.
    /// A place behind the last of `order` means the last, and so does an entry of `order` behind the last sample.
    /// Without samples the dispatch can be looked at, but no device loads it.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry and the samples.
    pub fn record(
        &self,
        plan: &mut Plan,
        images: &[Tensor],
        inputs: [&Tensor; 5],
        [x, labels]: [&Tensor; 2],
    ) {
        let [all_labels, order, step, scale, turns] = inputs;
        let samples = all_labels.len();
        x.expect_len(&[self.n, self.h, self.w, self.c]);
        labels.expect_len(&[self.n]);
        step.expect_len(&[StepParams::LEN]);
        scale.expect_len(&[2, self.c]);
        let Augment { crop, flip, affine } = self.augment;
        if affine.is_some() {
            turns.expect_len(&[Affine::TURNS, 2]);
        }
        let image_bytes = u64::from(self.h) * u64::from(self.w) * u64::from(self.c);
        let [full, rest] = match images {
            [] => panic!("there is at least one shard"),
            [_] => [samples, samples],
            [first, others @ ..] => {
                let full = u32::try_from(first.bytes() / image_bytes).expect("few images");
                let others = u32::try_from(others.len()).expect("few shards");
                [full, samples.saturating_sub(full * others)]
            }
        };
        for (i, shard) in (0..).zip(images) {
            let first = i * full;
            let is_last = i as usize + 1 == images.len();
            let count = if is_last { rest } else { full };
            let words = (u64::from(count) * image_bytes).div_ceil(4);
            shard.expect_len(&[u32::try_from(words).unwrap_or(u32::MAX)]);
            let constants: [Constant; 13] = [
                ("N", self.n),
                ("H", self.h),
                ("W", self.w),
                ("C", self.c),
                ("SAMPLES", samples),
                ("FIRST", first),
                ("COUNT", count),
                ("ORDER", order.len()),
                ("MARGIN", crop.map_or(0, |crop| crop.margin)),
                ("REFLECTS", crop.is_some_and(|crop| crop.reflect).into()),
                ("FLIPS", flip.into()),
                ("TURNS", affine.map_or(0, |_| Affine::TURNS)),
                ("SHIFT", affine.map_or(0, |affine| affine.shift)),
            ]
            .map(|(name, value)| (name, value.into()));
            let tensors = [&[shard], &inputs[..], &[x, labels]].concat();
            plan.elementwise(&KERNEL, &constants, &tensors, self.n * self.h);
        }
    }

    /// Factors and offsets that turn a byte into `(byte/255 - mean) / std` of its channel.
    pub fn scale(mean: &[f32], std: &[f32]) -> Vec<f32> {
        let factors = std.iter().map(|s| 1.0 / (255.0 * s));
        let offsets = mean.iter().zip(std).map(|(m, s)| -m / s);
        factors.chain(offsets).collect()
    }

    /// Factors and offsets that leave the bytes of so many channels as they are.
    pub fn unscaled(channels: u32) -> Vec<f32> {
        let all = |value: f32| (0..channels).map(move |_| value);
        all(1.0).chain(all(0.0)).collect()
    }
}
