//! The optimisers. One dispatch updates every parameter; the mask is part of it, so that a removed weight
//! cannot come back.
//!
//! Parameters and moments that are finite stay so: where a gradient, a new parameter or a new moment is not finite, four
//! neighbours are left as they were and a [`Fault`](super::Fault) is noted in the step's record. That is what lets
//! pruning rank weights by their bits.

use super::{Record, StepParams};
use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

/// The kernel of an optimiser, with what all of them share.
macro_rules! optimiser {
    ($name:literal) => {
        kernel!($name, "grid", "update", "mask", "finite", "step", "record")
    };
}

const SGD: Kernel = optimiser!("sgd_update");
const ADAM: Kernel = optimiser!("adam_update");

/// What an update reads and writes. All parameters lie in one tensor; gradients and moments have its length.
#[derive(Debug, Clone, Copy)]
pub struct UpdateTensors<'a> {
    /// Parameters; a multiple of 32 elements.
    pub w: &'a Tensor,
    /// Gradients.
    pub dw: &'a Tensor,
    /// One bit for each parameter, lowest first.
    pub mask: &'a Tensor,
    /// [`StepParams`].
    pub step: &'a Tensor,
    /// [`Record`]s.
    pub records: &'a Tensor,
}

impl UpdateTensors<'_> {
    fn record(&self, plan: &mut Plan, kernel: &Kernel, constants: &[Constant], state: &[&Tensor]) {
        // Whole words of the mask.
        self.w.expect_len(&[self.mask.len(), 32]);
        for tensor in state.iter().chain([&self.dw]) {
            tensor.expect_len(&[self.w.len()]);
        }
        self.step.expect_len(&[StepParams::LEN]);
        let vectors = self.w.len() / 4;
        let own: [Constant; 2] = [
            ("VECTORS", vectors.into()),
            ("ROWS", Record::rows(self.records).into()),
        ];
        let constants = [constants, &own].concat();
        let tensors = [
            &[self.dw, self.mask, self.step, self.w, self.records],
            state,
        ]
        .concat();
        plan.elementwise(kernel, &constants, &tensors, vectors);
    }
}

/// Stochastic gradient descent with momentum and L2 weight decay, as PyTorch's (Sutskever et al. 2013, section 2).
/// Momentum comes with each step, in [`StepParams`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sgd {
    /// Look ahead along the velocity.
    pub nesterov: bool,
    /// Added to the gradient as a multiple of the parameter.
    pub weight_decay: f32,
}

impl Sgd {
    /// One step; `velocity` starts at 0.
    ///
    /// # Panics
    /// If the lengths of the tensors do not go together, as [`UpdateTensors`] says.
    pub fn record(&self, plan: &mut Plan, tensors: UpdateTensors<'_>, velocity: &Tensor) {
        let constants: [Constant; 2] = [
            ("NESTEROV", self.nesterov.into()),
            ("WEIGHT_DECAY", self.weight_decay.into()),
        ];
        tensors.record(plan, &SGD, &constants, &[velocity]);
    }
}

/// Adam (Kingma and Ba 2015, algorithm 1) with L2 weight decay, as PyTorch's. The decay of the first moment is the
/// momentum that comes with each step, in [`StepParams`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// Decay of the second moment.
    pub beta_2: f32,
    /// Keeps the denominator from 0.
    pub epsilon: f32,
    /// Added to the gradient as a multiple of the parameter.
    pub weight_decay: f32,
}

impl Adam {
    /// One step; both moments start at 0.
    ///
    /// # Panics
    /// If the lengths of the tensors do not go together, as [`UpdateTensors`] says.
    pub fn record(
        &self,
        plan: &mut Plan,
        tensors: UpdateTensors<'_>,
        [first, second]: [&Tensor; 2],
    ) {
        let constants: [Constant; 3] = [
            ("BETA_2", self.beta_2.into()),
            ("EPSILON", self.epsilon.into()),
            ("WEIGHT_DECAY", self.weight_decay.into()),
        ];
        tensors.record(plan, &ADAM, &constants, &[first, second]);
    }
}
