//! Rectified linear unit.

use super::Write;
use crate::gpu::{Kernel, Plan, Tensor, kernel};

const FORWARD: Kernel = kernel!("relu_forward", "grid");
const GRAD_INPUT: Kernel = kernel!("relu_grad_input", "grid");

/// `y = max(x, 0)` on `length` elements of any shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relu {
    /// Elements.
    pub length: u32,
}

impl Relu {
    /// `y` from `x`.
    ///
    /// # Panics
    /// If a tensor has not `length` elements.
    pub fn forward(&self, plan: &mut Plan, x: &Tensor, y: &Tensor) {
        for tensor in [x, y] {
            tensor.expect_len(&[self.length]);
        }
        plan.elementwise(
            &FORWARD,
            &[("LENGTH", self.length.into())],
            &[x, y],
            self.length,
        );
    }

    /// `dx` from `y` and `dy`; 0 where `y` is 0.
    ///
    /// # Panics
    /// If a tensor has not `length` elements.
    pub fn grad_input(&self, plan: &mut Plan, [y, dy]: [&Tensor; 2], dx: &Tensor, write: Write) {
        for tensor in [y, dy, dx] {
            tensor.expect_len(&[self.length]);
        }
        plan.elementwise(
            &GRAD_INPUT,
            &[("LENGTH", self.length.into()), write.constant()],
            &[y, dy, dx],
            self.length,
        );
    }
}
