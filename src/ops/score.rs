//! What weights are ranked by when some are removed.

use super::StepParams;
use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};
use crate::random::Stream;
use serde::{Deserialize, Serialize};

const MAGNITUDE: Kernel = kernel!("score_magnitude", "score", "grid");
const RANDOM: Kernel = kernel!("score_random", "grid", "step", "philox");
const MOVEMENT: Kernel = kernel!("score_movement", "score", "grid");
const SNIP: Kernel = kernel!("score_snip", "score", "grid");
const GRASP: Kernel = kernel!("score_grasp", "score", "grid");
const INVERT: Kernel = kernel!("score_invert", "score", "grid");
const FAULT: Kernel = kernel!("score_fault", "score", "grid");

/// A pruning criterion: the weights with the largest scores stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Criterion {
    /// `|w|`.
    Magnitude,
    /// `|w - w0|`: how far a weight is from where it began, or from where rounds go back to (Zhou et al. 2019, Deconstructing
    /// lottery tickets, section 2).
    Movement,
    /// `|w0|`: how large a weight was there, at initialisation.
    InitialMagnitude,
    /// A random number, which follows from the seed and the step.
    Random,
    /// `|w dL/dw|`, by the loss of one batch (Lee et al. 2019, SNIP, section 4.1; the division by the sum over all weights
    /// changes no rank).
    Snip,
    /// `|w dR/dw|`, where R is the sum of what the network gives for an image of ones if all its parameters were positive
    /// (Tanaka et al. 2020, Pruning neural networks without any data, section 5). The caller makes it so, see
    /// [`Flow`](super::Flow).
    Synflow,
    /// `w (H g)`, by gradient g and Hessian H of the loss of two batches: the weights without which the norm of the gradient
    /// would grow most go (Wang, Zhang and Grosse 2020, Picking winning tickets before training by preserving gradient flow,
    /// section 4.1; the score there has the other sign). The caller gives H g as the difference of two gradients.
    Grasp,
    /// What a network makes of `w` and of the sum of `dL/dw` over all batches of the training images (Liu et al. 2024,
    /// Learning effective pruning at initialization from iterative pruning). Its keys are those of
    /// [`Interpolate`](super::Interpolate).
    Learned,
}

/// What a criterion has computed before it ranks weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing: weights and numbers are there.
    None,
    /// Gradients of one batch, through the network as it is used.
    Batch,
    /// The same of every batch of an epoch, summed, and a regressor asked about them.
    Epoch,
    /// How much flows through each weight if all are positive, whatever the data.
    Flow,
    /// How the gradient of two batches changes along itself.
    Curvature,
}

impl Criterion {
    /// What it has computed first. All that a run does for a criterion follows from this and from
    /// [`needs_start`](Self::needs_start).
    pub fn evidence(self) -> Evidence {
        match self {
            Self::Magnitude | Self::Movement | Self::InitialMagnitude | Self::Random => {
                Evidence::None
            }
            Self::Snip => Evidence::Batch,
            Self::Learned => Evidence::Epoch,
            Self::Synflow => Evidence::Flow,
            Self::Grasp => Evidence::Curvature,
        }
    }

    /// Whether it asks for the weights of the start.
    pub fn needs_start(self) -> bool {
        matches!(self, Self::Movement | Self::InitialMagnitude)
    }
}

impl Evidence {
    /// Whether labels of images decide.
    pub fn reads_labels(self) -> bool {
        matches!(self, Self::Batch | Self::Epoch | Self::Curvature)
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
    /// `keys` from `w`, the gradients `dw` and, where the criterion asks for a difference, `behind`: other gradients, or the
    /// weights at the start; and `params` ([`StepParams`]) where it draws numbers.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry, or the criterion is learned.
    pub fn record(&self, plan: &mut Plan, [w, dw, behind, params]: [&Tensor; 4], keys: &Tensor) {
        for tensor in [w, dw, behind, keys] {
            tensor.expect_len(&[self.length]);
        }
        params.expect_len(&[StepParams::LEN]);
        let stream: Constant = ("STREAM", (self.stream as u32).into());
        // A draw gives four words.
        let fours = self.length.div_ceil(4);
        let (kernel, tensors, own, count) = match self.criterion {
            Criterion::Magnitude => (&MAGNITUDE, &[w, keys][..], &[][..], self.length),
            Criterion::Movement => (&MOVEMENT, &[w, behind, keys][..], &[][..], self.length),
            Criterion::InitialMagnitude => (&MAGNITUDE, &[behind, keys][..], &[][..], self.length),
            Criterion::Random => (&RANDOM, &[params, keys][..], &[stream][..], fours),
            Criterion::Snip | Criterion::Synflow => {
                (&SNIP, &[w, dw, keys][..], &[][..], self.length)
            }
            Criterion::Grasp => (&GRASP, &[w, dw, behind, keys][..], &[][..], self.length),
            Criterion::Learned => unreachable!("a learned score is interpolated"),
        };
        let constants = [own, &[("LENGTH", self.length.into())]].concat();
        plan.elementwise(kernel, &constants, tensors, count);
    }

    /// `fault` becomes the largest position, counted from 1, of a key whose score is not finite, if it was less. Random scores
    /// are numbers all.
    ///
    /// # Panics
    /// If `fault` has more than one element, or `keys` as [`record`](Self::record).
    pub fn fault(&self, plan: &mut Plan, keys: &Tensor, fault: &Tensor) {
        keys.expect_len(&[self.length]);
        fault.expect_len(&[1]);
        let constants: [Constant; 1] = [("LENGTH", self.length.into())];
        plan.elementwise(&FAULT, &constants, &[keys, fault], self.length);
    }

    /// `keys` get the contrary order, all below the largest key, so that a weight that must stay can be told by that one.
    ///
    /// # Panics
    /// As [`record`](Self::record).
    pub fn invert(&self, plan: &mut Plan, keys: &Tensor) {
        keys.expect_len(&[self.length]);
        let constants: [Constant; 1] = [("LENGTH", self.length.into())];
        plan.elementwise(&INVERT, &constants, &[keys], self.length);
    }
}
