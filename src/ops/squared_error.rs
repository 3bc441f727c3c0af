//! Half of what a regression needs: the squared error of each row and the gradient of their mean.

use super::StepParams;
use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

const KERNEL: Kernel = kernel!("squared_error", "grid", "step");

/// Geometry: outputs `y`, targets `t`, `loss` and `dy` are N.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SquaredError {
    /// Rows of the batch; those from the step's `count` on are padding with loss and gradient 0.
    pub n: u32,
}

impl SquaredError {
    /// `(y - t)^2` of each row, and the gradient of their mean over the rows that count.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn record(&self, plan: &mut Plan, [y, t, step]: [&Tensor; 3], [loss, dy]: [&Tensor; 2]) {
        for tensor in [y, t, loss, dy] {
            tensor.expect_len(&[self.n]);
        }
        step.expect_len(&[StepParams::LEN]);
        let constants: [Constant; 1] = [("N", self.n.into())];
        plan.elementwise(&KERNEL, &constants, &[y, t, step, loss, dy], self.n);
    }
}
