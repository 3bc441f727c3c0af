//! What weights are ranked by when some are removed.

use super::StepParams;
use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};
use crate::random::Stream;
use serde::{Deserialize, Serialize};

const MAGNITUDE: Kernel = kernel!("score_magnitude", "score", "grid");
const RANDOM: Kernel = kernel!("score_random", "grid", "step", "philox");
const SNIP: Kernel = kernel!("score_snip", "score", "grid");

/// A pruning criterion: the weights with the largest scores stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Criterion {
    /// `|w|`.
    Magnitude,
    /// A random number, which follows from the seed and the step.
    Random,
    /// `|w dL/dw|`, by the loss of one batch (Lee et al. 2019, SNIP, section 4.1; the division by the sum over all weights
    /// changes no rank).
    Snip,
    /// `|w dR/dw|`, where R is the sum of what the network gives for an image of ones if all its parameters were positive
    /// (Tanaka et al. 2020, Pruning neural networks without any data, section 5). The caller makes it so, see
    /// [`Flow`](super::Flow).
    Synflow,
}

impl Criterion {
    /// Whether it asks for the gradients of a batch.
    pub fn needs_gradients(self) -> bool {
        matches!(self, Self::Snip | Self::Synflow)
    }
}

/// Writes a key for each of `length` weights: a `u32` that is the larger, the higher the score. A score that is not finite
/// ranks above every number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// Weights.
    pub length: u32,
    /// What the score is.
    pub criterion: Criterion,
    /// What random numbers are drawn for.
    pub stream: Stream,
}

impl Score {
    /// `keys` from `w`, `dw` where the criterion needs gradients, and `params` ([`StepParams`]) where it draws numbers.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn record(&self, plan: &mut Plan, [w, dw, params]: [&Tensor; 3], keys: &Tensor) {
        for tensor in [w, dw, keys] {
            tensor.expect_len(&[self.length]);
        }
        params.expect_len(&[StepParams::LEN]);
        let length: Constant = ("LENGTH", self.length.into());
        // A draw gives four words.
        let fours = self.length.div_ceil(4);
        let (kernel, tensors, count) = match self.criterion {
            Criterion::Magnitude => (&MAGNITUDE, &[w, keys][..], self.length),
            Criterion::Random => (&RANDOM, &[params, keys][..], fours),
            Criterion::Snip | Criterion::Synflow => (&SNIP, &[w, dw, keys][..], self.length),
        };
        let stream: Constant = ("STREAM", (self.stream as u32).into());
        let constants = match self.criterion {
            Criterion::Random => &[length, stream][..],
            Criterion::Magnitude | Criterion::Snip | Criterion::Synflow => &[length],
        };
        plan.elementwise(kernel, constants, tensors, count);
    }
}
