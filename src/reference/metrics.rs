//! Twin of [`Metrics`](crate::ops::Metrics).

use super::Bounded;
use crate::ops::Fault;

/// What the record of a step shall hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// Mean loss.
    pub loss: Bounded,
    /// Rows that hit.
    pub hits: u32,
    /// What was not finite.
    pub fault: Option<Fault>,
}

/// Sums of `loss` and `hit`, which are 0 in rows of padding; the loss divided by the `count` of the others.
pub fn record(loss: &[f32], hit: &[u32], count: u32) -> Expected {
    let total = |losses: &[f32]| losses.iter().map(|&v| f64::from(v)).sum::<f64>();
    let mean = total(loss) / f64::from(count);
    let magnitude = total(&super::magnitudes(loss)) / f64::from(count);
    Expected {
        loss: Bounded::sum(mean, magnitude),
        hits: hit.iter().sum(),
        fault: (!mean.is_finite()).then_some(Fault::Loss),
    }
}
