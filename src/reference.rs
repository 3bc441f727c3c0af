//! Twins of the ops: slow, obvious, f64. What a kernel computes is checked against these, never the other way round.
//!
//! What every twin keeps to:
//! * it is written from the formula, for the reader, and shares nothing with the kernel but the op's geometry;
//! * inputs are what the device gets (f32 and u32), products and sums are f64, and outputs are not rounded;
//! * it says how far a kernel may be off. A sum of products may be off by [`SUM_TOLERANCE`] times the sum of the
//!   magnitudes of its terms, which is what the twin gives for [`magnitudes`] of its inputs; any other formula
//!   states its bound, and why, where the twin is;
//! * what is made of integers is exact: winners, hits, source pixels, masks.

pub mod add;
pub mod avg_pool;
pub mod batch_norm;
pub mod clip;
pub mod conv2d;
pub mod cross_entropy;
pub mod displace;
pub mod dropout;
pub mod filter;
pub mod flow;
pub mod gather_batch;
pub mod interpolate;
pub mod linear;
pub mod max_pool;
pub mod metrics;
pub mod pattern;
pub mod prune;
pub mod regrow;
pub mod relu;
pub mod retouch;
pub mod score;
pub mod squared_error;
pub mod subsample;
pub mod update;

/// The step between 1 and the next f32, as f64.
pub const EPSILON: f64 = f32::EPSILON as f64;

/// What a sum in f32, in any order, may be off by, as a share of the sum of its terms' magnitudes. Each of m
/// additions rounds by half an [`EPSILON`] at most, and those errors have random signs: they grow as the root of m.
/// Among 100,000 terms a dropped or doubled one is larger than this.
pub const SUM_TOLERANCE: f64 = 16.0 * EPSILON;

/// A value, and how far a kernel's may lie from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounded {
    /// By the formula.
    pub value: f64,
    /// Largest distance that is allowed; 0 asks for the value itself.
    pub bound: f64,
}

impl Bounded {
    /// A value that a kernel must give exactly.
    pub fn exact(value: f32) -> Self {
        Self {
            value: value.into(),
            bound: 0.0,
        }
    }

    /// A sum, with the sum of the magnitudes of its terms.
    pub fn sum(value: f64, magnitude: f64) -> Self {
        Self {
            value,
            bound: SUM_TOLERANCE * magnitude,
        }
    }

    /// The same value with so many times the bound.
    pub fn loosened(self, slack: f64) -> Self {
        Self {
            bound: slack * self.bound,
            ..self
        }
    }

    /// Distance of `actual`, as a share of the bound. Only a NaN may stand for a NaN, and nothing else for an exact
    /// value; there the share is infinite. A kernel may give what has a share of at most 1.
    pub fn share(&self, actual: impl Into<f64>) -> f64 {
        let actual = actual.into();
        if actual == self.value || (actual.is_nan() && self.value.is_nan()) {
            return 0.0;
        }
        let share = (actual - self.value).abs() / self.bound;
        if share.is_nan() { f64::INFINITY } else { share }
    }
}

/// Sums, with the sums of the magnitudes of their terms.
pub fn sums(values: &[f64], magnitudes: &[f64]) -> Vec<Bounded> {
    let pairs = values.iter().zip(magnitudes);
    pairs.map(|(&v, &m)| Bounded::sum(v, m)).collect()
}

/// What sums become where they are added to what was there before: `before` is one more term of each.
pub fn added(before: &[f32], sums: impl IntoIterator<Item = Bounded>) -> Vec<Bounded> {
    let pairs = before.iter().zip(sums);
    pairs
        .map(|(&before, sum)| Bounded {
            value: sum.value + f64::from(before),
            bound: sum.bound + SUM_TOLERANCE * f64::from(before.abs()),
        })
        .collect()
}

/// Exact values as sums of one term.
pub fn terms(values: &[f32]) -> impl Iterator<Item = Bounded> {
    values
        .iter()
        .map(|&value| Bounded::sum(value.into(), value.abs().into()))
}

/// The magnitude of each value.
pub fn magnitudes(values: &[f32]) -> Vec<f32> {
    values.iter().map(|value| value.abs()).collect()
}

/// `dbias[k] = sum over rows of dy[row, k]`, for the rows of a linear layer and the pixels of a convolution alike.
pub fn grad_bias(k: u32, dy: &[f32]) -> Vec<f64> {
    let mut dbias = vec![0.0; k as usize];
    for row in dy.chunks(k as usize) {
        for (sum, &value) in dbias.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    dbias
}
