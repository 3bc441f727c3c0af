//! Twin of [`GatherBatch`]. Which pixel is taken is exact; only its normalised value may round.

use super::{Bounded, EPSILON};
use crate::ops::{Affine, GatherBatch, StepParams};
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

/// The pixel of the image that (h, w) of the batch shows, if it lies inside: the image is turned about its centre,
/// then shifted, so a pixel is traced back by the shift and then by the turn, and rounded to the nearest pixel.
///
/// Cosine and sine are counted in 65536ths and distances from the centre in halves of a pixel, so all is integer.
pub fn source_pixel(
    s: &GatherBatch,
    affine: &Affine,
    step: &StepParams,
    sample: u32,
    [h, w]: [u32; 2],
) -> Option<[u32; 2]> {
    let random = philox([sample, step.epoch, 0, Stream::Augment as u32], step.seed);
    let [cos, sin] = affine.turn(random[0] % Affine::TURNS).map(i64::from);
    let [right, down] = [random[1], random[2]]
        .map(|word| i64::from(word % (2 * affine.shift + 1)) - i64::from(affine.shift));
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
        for pixel in 0..s.h * s.w {
            let place = [pixel / s.w, pixel % s.w];
            let source = s.affine.as_ref().map_or(Some(place), |affine| {
                source_pixel(s, affine, step, sample, place)
            });
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
