//! Twin of [`BatchNorm`]. Each part takes what the kernels before it gave as f32, so that its bound is its own.
//!
//! A distance from the mean is one subtraction of two f32, so it is off by half an [`EPSILON`] of itself; the inverse of
//! a root may be off by two. That is a few roundings for a term, which [`SUM_TOLERANCE`] has room for.

use super::{Bounded, EPSILON, SUM_TOLERANCE};
use crate::ops::BatchNorm;

/// What a batch is normalised by: mean and variance, then scale and shift, of each channel.
#[derive(Debug, Clone, Copy)]
pub struct Channels<'a> {
    /// Mean of the batch, or over past ones.
    pub mean: &'a [f32],
    /// Variance of the batch, or over past ones.
    pub variance: &'a [f32],
    /// Factor of what is normalised.
    pub scale: &'a [f32],
    /// Added to that.
    pub shift: &'a [f32],
}

impl Channels<'_> {
    fn inverse(&self, c: usize) -> f64 {
        1.0 / (f64::from(self.variance[c]) + f64::from(BatchNorm::EPSILON)).sqrt()
    }

    /// `(x - mean) / sqrt(variance + epsilon)`
    fn normalised(&self, c: usize, x: f32) -> f64 {
        (f64::from(x) - f64::from(self.mean[c])) * self.inverse(c)
    }
}

/// Mean and variance of each channel, divided by the number of rows; and what becomes of the running statistics.
///
/// Means of parts are merged, so each rounding is one of a number up to the mean's terms. Such an error moves the
/// distances from the mean, by which the variance is off by that times their sum.
pub fn statistics(s: &BatchNorm, x: &[f32], running: [&[f32]; 2]) -> [Vec<Bounded>; 4] {
    let (rows, channels) = (f64::from(s.rows), s.c as usize);
    let mut all = [(); 4].map(|()| Vec::with_capacity(channels));
    for c in 0..channels {
        let values = || x[c..].iter().step_by(channels).map(|&x| f64::from(x));
        let mean = values().sum::<f64>() / rows;
        let squares: f64 = values().map(|x| (x - mean).powi(2)).sum();
        let mean_bound = SUM_TOLERANCE * values().map(f64::abs).sum::<f64>() / rows;
        let moved = |x: f64| (x - mean).abs() * ((x - mean).abs() + mean.abs());
        let squares_bound = SUM_TOLERANCE * values().map(moved).sum::<f64>();
        let tenth = f64::from(BatchNorm::MOMENTUM);
        let becomes = |before: f32, value: f64, bound: f64| {
            let kept = (1.0 - tenth) * f64::from(before);
            Bounded {
                value: kept + tenth * value,
                bound: tenth * bound + 4.0 * EPSILON * (kept.abs() + tenth * value.abs()),
            }
        };
        let bounded = |value: f64, bound: f64| Bounded { value, bound };
        all[0].push(bounded(mean, mean_bound));
        all[1].push(bounded(squares / rows, squares_bound / rows));
        all[2].push(becomes(running[0][c], mean, mean_bound));
        let rest = rows - 1.0;
        all[3].push(becomes(running[1][c], squares / rest, squares_bound / rest));
    }
    all
}

/// `y = scale · normalised(x) + shift + added`, at least 0 if a ReLU follows.
pub fn forward(s: &BatchNorm, x: &[f32], by: &Channels, added: Option<&[f32]>) -> Vec<Bounded> {
    let value = |(i, &x): (usize, &f32)| {
        let c = i % s.c as usize;
        let terms = [
            f64::from(by.scale[c]) * by.normalised(c, x),
            f64::from(by.shift[c]),
            added.map_or(0.0, |added| f64::from(added[i])),
        ];
        let sum: f64 = terms.iter().sum();
        let value = if s.relu { sum.max(0.0) } else { sum };
        Bounded {
            value,
            bound: SUM_TOLERANCE * terms.iter().map(|term| term.abs()).sum::<f64>(),
        }
    };
    x.iter().enumerate().map(value).collect()
}

/// What [`backward`] gives.
pub struct Gradients {
    /// Of what is normalised.
    pub dx: Vec<Bounded>,
    /// Of what is added: exactly `dy`, or 0 where the ReLU gave 0.
    pub dadded: Vec<f32>,
    /// Of the scale.
    pub dscale: Vec<Bounded>,
    /// Of the shift.
    pub dshift: Vec<Bounded>,
}

/// With g = `dy`, or 0 where the ReLU gave 0, and n = normalised(x): `dshift = Σ g`, `dscale = Σ g n` and
/// `dx = scale / sqrt(variance + epsilon) · (g - dshift/rows - n dscale/rows)`; only the first term where the statistics
/// are not those `of_batch`, so that `x` does not move them.
///
/// The bound of `dx` is that of its three terms by their magnitudes, twice, as two of them are sums with bounds of their
/// own.
pub fn backward(
    s: &BatchNorm,
    [dy, y, x]: [&[f32]; 3],
    by: &Channels,
    of_batch: bool,
) -> Gradients {
    let (rows, channels) = (f64::from(s.rows), s.c as usize);
    let g = |i: usize| {
        if s.relu && y[i] <= 0.0 { 0.0 } else { dy[i] }
    };
    let mut sums = [(); 4].map(|()| vec![0.0; channels]);
    for i in 0..x.len() {
        let c = i % channels;
        let (plain, weighted) = (f64::from(g(i)), f64::from(g(i)) * by.normalised(c, x[i]));
        for (sum, term) in sums
            .iter_mut()
            .zip([plain, weighted, plain.abs(), weighted.abs()])
        {
            sum[c] += term;
        }
    }
    let dx = (0..x.len()).map(|i| {
        let c = i % channels;
        let outer = f64::from(by.scale[c]) * by.inverse(c);
        let n = by.normalised(c, x[i]);
        let share = if of_batch { 1.0 / rows } else { 0.0 };
        let [plain, weighted, plain_size, weighted_size] = [0, 1, 2, 3].map(|k| sums[k][c] * share);
        let size = f64::from(g(i)).abs() + plain_size + n.abs() * weighted_size;
        Bounded {
            value: outer * (f64::from(g(i)) - plain - n * weighted),
            bound: 2.0 * SUM_TOLERANCE * outer.abs() * size,
        }
    });
    let bounded = |k: usize| super::sums(&sums[k], &sums[k + 2]);
    Gradients {
        dx: dx.collect(),
        dadded: (0..x.len()).map(g).collect(),
        dshift: bounded(0),
        dscale: bounded(1),
    }
}
