//! Twin of [`GatherBatch`]. Which pixel is taken is exact; only its normalised value may round.

use super::{Bounded, EPSILON};
use crate::ops::{Affine, Augment, Crop, GatherBatch, StepParams};
use crate::random::{Stream, philox};

/// A data set, as bytes.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    /// Samples·H·W·C.
    pub images: &'a [u8],
    /// One for each sample.
    pub labels: &'a [u32],
    /// The order in which an epoch takes the samples.
    pub order: &'a [u32],
}

/// A group of four random words of a sample in the epoch of a step.
pub fn draw(step: &StepParams, sample: u32, group: u32) -> [u32; 4] {
    philox(
        [sample, step.epoch, group, Stream::Augment as u32],
        step.seed,
    )
}

/// How the pixels of a sample are moved: cropped, then mirrored, then turned and shifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Motion {
    /// Rows and columns of the margin above and to the left of the part that is taken.
    pub corner: [u32; 2],
    /// Left to right.
    pub mirrored: bool,
    /// Cosine and sine, as [`Affine::turn`] has them.
    pub turn: [i32; 2],
    /// Pixels down and to the right.
    pub shift: [i64; 2],
}

impl Motion {
    /// What [`Augment`] draws for a sample.
    pub fn drawn(augment: &Augment, step: &StepParams, sample: u32) -> Self {
        let Augment { crop, flip, affine } = augment;
        let [angle, right, down, _] = draw(step, sample, 0);
        let [row, column, mirrored, _] = draw(step, sample, 1);
        let margin = crop.map_or(0, |crop| crop.margin);
        let most = affine.map_or(0, |affine| affine.shift);
        Self {
            corner: [row, column].map(|word| word % (2 * margin + 1)),
            mirrored: *flip && mirrored % 2 == 1,
            turn: affine.map_or([1 << 16, 0], |affine| affine.turn(angle % Affine::TURNS)),
            shift: [down, right].map(|word| i64::from(word % (2 * most + 1)) - i64::from(most)),
        }
    }
}

/// The pixel of the image that (h, w) of the batch shows, if any: the motion backwards.
pub fn source_pixel(s: &GatherBatch, motion: &Motion, place: [u32; 2]) -> Option<[u32; 2]> {
    let [row, mut column] = turned_pixel(s, motion, place)?;
    if motion.mirrored {
        column = s.w - 1 - column;
    }
    let Crop { margin, reflect } = s.augment.crop.unwrap_or_default();
    let within = |place: u32, corner: u32, extent: u32| {
        let place = i64::from(place) + i64::from(corner) - i64::from(margin);
        let last = i64::from(extent) - 1;
        let folded = if place < 0 {
            -place
        } else {
            last - (place - last).abs()
        };
        let taken = if reflect { folded } else { place };
        u32::try_from(taken).ok().filter(|&taken| taken < extent)
    };
    Some([
        within(row, motion.corner[0], s.h)?,
        within(column, motion.corner[1], s.w)?,
    ])
}

/// The pixel that (h, w) shows where an image is turned about its centre and then shifted, if it lies inside: it is traced
/// back by the shift and then by the turn, and rounded to the nearest pixel.
///
/// Cosine and sine are counted in 65536ths and distances from the centre in halves of a pixel, so all is integer.
fn turned_pixel(s: &GatherBatch, motion: &Motion, [h, w]: [u32; 2]) -> Option<[u32; 2]> {
    let [cos, sin] = motion.turn.map(i64::from);
    let [down, right] = motion.shift;
    let [height, width] = [s.h, s.w].map(i64::from);
    let y = 2 * (i64::from(h) - down) - (height - 1);
    let x = 2 * (i64::from(w) - right) - (width - 1);
    let nearest = |halves: i64, extent: i64| {
        // (halves/65536 + extent - 1) / 2 is the place along the axis; half a pixel more, rounded down.
        let place = (halves + extent * 65536).div_euclid(2 * 65536);
        u32::try_from(place).ok().filter(|_| place < extent)
    };
    let row = nearest(sin * x + cos * y, height)?;
    let column = nearest(cos * x - sin * y, width)?;
    Some([row, column])
}

/// `x[n,h,w,c] = byte·factor[c] + offset[c]` with `scale` the factors, then the offsets, and byte 0 where the source
/// pixel lies outside; and the labels. Rows from `count` on repeat the last sample.
///
/// The product and the sum round by half an ulp each, or once if they are fused.
pub fn gather(
    s: &GatherBatch,
    step: &StepParams,
    samples: Samples<'_>,
    scale: &[f32],
) -> (Vec<Bounded>, Vec<u32>) {
    let (mut x, mut labels) = (Vec::new(), Vec::new());
    let channels = s.c as usize;
    for n in 0..s.n {
        let sample = samples.order[(step.position + n.min(step.count - 1)) as usize];
        labels.push(samples.labels[sample as usize]);
        let motion = Motion::drawn(&s.augment, step, sample);
        for pixel in 0..s.h * s.w {
            let place = [pixel / s.w, pixel % s.w];
            let source = source_pixel(s, &motion, place);
            for c in 0..channels {
                let byte = source.map_or(0, |[h, w]| {
                    samples.images[((sample * s.h + h) * s.w + w) as usize * channels + c]
                });
                let product = f64::from(byte) * f64::from(scale[c]);
                let offset = f64::from(scale[channels + c]);
                x.push(Bounded {
                    value: product + offset,
                    bound: EPSILON * (product.abs() + offset.abs()),
                });
            }
        }
    }
    (x, labels)
}
