//! Dropout (Srivastava et al. 2014, section 10): kept elements are scaled while it trains, so that evaluation needs no
//! pass of its own.

use super::{StepParams, Write};
use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

const KERNEL: Kernel = kernel!("dropout", "grid", "step", "philox");

/// Zeroes a random share of `length` elements. Which ones follows from the run's seed, the step and the layer, so that
/// backwards finds the same and nothing has to be saved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// Elements.
    pub length: u32,
    /// The share, at least 0 and below 1.
    pub rate: f32,
    /// Tells the draws of one layer from those of others.
    pub layer: u32,
}

impl Dropout {
    /// An element is dropped if the upper 24 bits of its random word are below this.
    pub fn threshold(&self) -> u32 {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "below 2^24"
        )]
        let threshold = (f64::from(self.rate) * f64::from(1u32 << 24)).round() as u32;
        threshold
    }

    /// What a kept element is multiplied by.
    pub fn factor(&self) -> f32 {
        1.0 / (1.0 - self.rate)
    }

    /// `y` from `x`, in the step of `params` ([`StepParams`]).
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn forward(&self, plan: &mut Plan, [x, params]: [&Tensor; 2], y: &Tensor) {
        self.record(plan, [x, params], y, Write::Set);
    }

    /// `dx` from `dy`: the same elements are dropped.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn grad_input(
        &self,
        plan: &mut Plan,
        [dy, params]: [&Tensor; 2],
        dx: &Tensor,
        write: Write,
    ) {
        self.record(plan, [dy, params], dx, write);
    }

    fn record(&self, plan: &mut Plan, [x, params]: [&Tensor; 2], y: &Tensor, write: Write) {
        for tensor in [x, y] {
            tensor.expect_len(&[self.length]);
        }
        params.expect_len(&[StepParams::LEN]);
        let constants: [Constant; 5] = [
            ("LENGTH", self.length.into()),
            ("THRESHOLD", self.threshold().into()),
            ("FACTOR", self.factor().into()),
            ("LAYER", self.layer.into()),
            write.constant(),
        ];
        // A draw gives four words.
        plan.elementwise(
            &KERNEL,
            &constants,
            &[x, params, y],
            self.length.div_ceil(4),
        );
    }
}
