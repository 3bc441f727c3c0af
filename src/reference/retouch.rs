//! Twin of [`Retouch`]. What is drawn and which pixels are erased is exact; colours round.
//!
//! A colour is carried along with its bound. Blends are sums of products. A shift of hue is continuous and, for one order
//! of the components before and one after, linear: a component becomes one of the old ones or a sum of them whose
//! coefficients have magnitudes of at most 3 together, so that is how far it carries an error. No kink and no tie of the
//! components asks for more, whichever side of it a kernel takes.

use super::gather_batch::draw;
use super::{Bounded, EPSILON, SUM_TOLERANCE};
use crate::ops::{Retouch, StepParams};
use std::ops::Range;

/// The largest component of a colour.
const WHITE: f64 = 255.0;

/// One change of the colours of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// By this factor.
    Brightness(f32),
    /// By this factor, of the distance from the image's mean grey.
    Contrast(f32),
    /// By this factor, of the distance from the pixel's grey.
    Saturation(f32),
    /// By this share of the colour circle.
    Hue(f32),
}

/// What happens to an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Changes of colour, in their order.
    pub changes: Vec<Change>,
    /// Rows and columns that are then erased.
    pub erased: [Range<u32>; 2],
}

impl Choice {
    /// What [`Retouch`] draws for a sample.
    pub fn drawn(s: &Retouch, step: &StepParams, sample: u32) -> Self {
        let (factors, levels) = (s.factors(), draw(step, sample, 2));
        let factor = |kind: usize| {
            factors
                [kind * Retouch::LEVELS as usize + levels[kind] as usize % Retouch::LEVELS as usize]
        };
        let kinds = [
            Change::Brightness(factor(0)),
            Change::Contrast(factor(1)),
            Change::Saturation(factor(2)),
            Change::Hue(factor(3)),
        ];
        let mut sorted: Vec<(u32, Change)> = draw(step, sample, 3).into_iter().zip(kinds).collect();
        sorted.sort_by_key(|&(key, _)| key);
        let [chance, size, corner, _] = draw(step, sample, 4);
        let sizes = s.sizes();
        let [rows, columns] = if chance >> 8 < s.erasing.threshold() {
            sizes[size as usize % sizes.len()]
        } else {
            [0, 0]
        };
        // Corners are counted row by row.
        let [down, right] = [s.h - rows + 1, s.w - columns + 1];
        let corner = corner % (down * right);
        let [top, left] = [corner / right, corner % right];
        Self {
            changes: sorted.into_iter().map(|(_, change)| change).collect(),
            erased: [top..top + rows, left..left + columns],
        }
    }
}

/// A sum of products of values with weights that are f32 or round to it.
fn weighted(terms: impl IntoIterator<Item = (Bounded, f64)>) -> Bounded {
    let mut sum = Bounded::exact(0.0);
    for (Bounded { value, bound }, weight) in terms {
        sum.value += value * weight;
        sum.bound += (bound + SUM_TOLERANCE * value.abs()) * weight.abs();
    }
    sum
}

/// `factor` of a value and the rest of another, as far as there are such colours; that limit moves nothing farther apart.
fn blend(value: Bounded, other: Bounded, factor: f32) -> Bounded {
    let factor = f64::from(factor);
    let sum = weighted([(value, factor), (other, 1.0 - factor)]);
    Bounded {
        value: sum.value.clamp(0.0, WHITE),
        ..sum
    }
}

/// A single channel is its own grey.
fn grey(pixel: &[Bounded]) -> Bounded {
    match *pixel {
        [r, g, b] => weighted([(r, 0.2989), (g, 0.587), (b, 0.114)]),
        _ => pixel[0],
    }
}

/// Red, green and blue after a shift of hue, by way of hue, saturation and value (Smith 1978).
pub fn with_hue_moved([r, g, b]: [f64; 3], share: f64) -> [f64; 3] {
    let high = r.max(g).max(b);
    let low = r.min(g).min(b);
    if high == low {
        return [r, g, b];
    }
    let sixths = if r == high {
        (g - b) / (high - low)
    } else if g == high {
        2.0 + (b - r) / (high - low)
    } else {
        4.0 + (r - g) / (high - low)
    };
    let hue = (sixths / 6.0 + share).rem_euclid(1.0) * 6.0;
    let falling = high - (high - low) * hue.fract();
    let rising = low + (high - low) * hue.fract();
    match hue.floor() {
        0.0 => [high, rising, low],
        1.0 => [falling, high, low],
        2.0 => [low, high, rising],
        3.0 => [low, falling, high],
        4.0 => [rising, low, high],
        5.0 => [high, low, falling],
        // 6, which a hue just below it may round to.
        _ => [high, low, low],
    }
}

fn hue_moved(pixel: &mut [Bounded], share: f32) {
    let &mut [r, g, b] = pixel else { return };
    let moved = with_hue_moved([r, g, b].map(|v| v.value), share.into());
    let carried = 3.0 * r.bound.max(g.bound).max(b.bound);
    // A kernel computes the hue, of up to 12 sixths with a division of 2.5 ulp in it, and then two more roundings.
    let own = SUM_TOLERANCE * r.value.max(g.value).max(b.value);
    for (component, value) in pixel.iter_mut().zip(moved) {
        *component = Bounded {
            value,
            bound: carried + own,
        };
    }
}

/// The changes of one image of H·W·C, one after the other.
fn jitter(changes: &[Change], pixels: &mut [Vec<Bounded>]) {
    let black = Bounded::exact(0.0);
    for change in changes {
        let share = 1.0 / pixels.len() as f64;
        let mean = weighted(pixels.iter().map(|pixel| (grey(pixel), share)));
        for pixel in &mut *pixels {
            let own = grey(pixel);
            let (other, factor) = match *change {
                Change::Brightness(factor) => (black, factor),
                Change::Contrast(factor) => (mean, factor),
                Change::Saturation(_) if pixel.len() == 1 => continue,
                Change::Saturation(factor) => (own, factor),
                Change::Hue(share) => {
                    hue_moved(pixel, share);
                    continue;
                }
            };
            for component in pixel {
                *component = blend(*component, other, factor);
            }
        }
    }
}

/// One image of H·W·C, changed, erased and normalised; `scale` is C factors, then C offsets.
pub fn retouch(s: &Retouch, choice: &Choice, image: &[f32], scale: &[f32]) -> Vec<Bounded> {
    let channels = s.c as usize;
    let exact = |pixel: &[f32]| pixel.iter().copied().map(Bounded::exact).collect();
    let mut pixels: Vec<Vec<Bounded>> = image.chunks(channels).map(exact).collect();
    jitter(&choice.changes, &mut pixels);
    let [rows, columns] = &choice.erased;
    let mut y = Vec::new();
    for (i, pixel) in (0..).zip(pixels) {
        let erased = rows.contains(&(i / s.w)) && columns.contains(&(i % s.w));
        for (c, component) in pixel.into_iter().enumerate() {
            let [factor, offset] = [c, channels + c].map(|i| f64::from(scale[i]));
            let Bounded { value, bound } = if erased {
                Bounded::exact(0.0)
            } else {
                component
            };
            y.push(if erased && s.erasing.to_mean {
                Bounded::exact(0.0)
            } else {
                Bounded {
                    value: value * factor + offset,
                    bound: bound * factor.abs() + EPSILON * ((value * factor).abs() + offset.abs()),
                }
            });
        }
    }
    y
}
