//! What a network is asked without data: how much flows through it where nothing cancels (Tanaka et al. 2020, Pruning neural
//! networks without any data by iteratively conserving synaptic flow, section 5).

use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

const FILL: Kernel = kernel!("flow_fill", "grid");
const ABSOLUTE: Kernel = kernel!("flow_absolute", "grid");
const SCALED: Kernel = kernel!("flow_scaled", "grid");

/// A tensor of `length` elements that takes part in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// Elements.
    pub length: u32,
}

impl Flow {
    /// All of `x` becomes the one number of `value`.
    ///
    /// # Panics
    /// If a tensor has another number of elements than that.
    pub fn fill(&self, plan: &mut Plan, value: &Tensor, x: &Tensor) {
        value.expect_len(&[1]);
        x.expect_len(&[self.length]);
        plan.elementwise(&FILL, &[self.constant()], &[value, x], self.length);
    }

    /// All of `x` loses its sign.
    ///
    /// # Panics
    /// As [`fill`](Self::fill).
    pub fn absolute(&self, plan: &mut Plan, x: &Tensor) {
        x.expect_len(&[self.length]);
        plan.elementwise(&ABSOLUTE, &[self.constant()], &[x], self.length);
    }

    /// `y` becomes `x` without signs, times the one number of `value`.
    ///
    /// # Panics
    /// As [`fill`](Self::fill).
    pub fn scaled(&self, plan: &mut Plan, value: &Tensor, x: &Tensor, y: &Tensor) {
        value.expect_len(&[1]);
        for tensor in [x, y] {
            tensor.expect_len(&[self.length]);
        }
        plan.elementwise(&SCALED, &[self.constant()], &[value, x, y], self.length);
    }

    fn constant(&self) -> Constant {
        ("LENGTH", self.length.into())
    }
}
