//! Softmax, cross-entropy with label smoothing, hits and the gradient of the logits, in one kernel.

use super::StepParams;
use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

const KERNEL: Kernel = kernel!("cross_entropy", "grid", "step");

/// Geometry: logits `z` and `dz` are N·classes, `labels` (u32), `loss` and `hit` (u32) are N.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossEntropy {
    /// Rows of the batch; those from the step's `count` on are padding with loss and gradient 0.
    pub n: u32,
    /// Outputs of the network.
    pub classes: u32,
    /// `a` of the target `1 - a + a/classes` on the label and `a/classes` elsewhere (Szegedy et al. 2016, section 7).
    pub smoothing: f32,
}

impl CrossEntropy {
    /// Loss and hit of each row, and the gradient of the mean loss of the rows that count. A label behind the last
    /// class means the last.
    ///
    /// # Panics
    /// If there are no classes, or a tensor has another number of elements than the geometry.
    pub fn record(
        &self,
        plan: &mut Plan,
        [z, labels, step]: [&Tensor; 3],
        [loss, hit, dz]: [&Tensor; 3],
    ) {
        assert!(self.classes > 0, "{} has no classes", z.name);
        for tensor in [z, dz] {
            tensor.expect_len(&[self.n, self.classes]);
        }
        for tensor in [labels, loss, hit] {
            tensor.expect_len(&[self.n]);
        }
        step.expect_len(&[StepParams::LEN]);
        let constants: [Constant; 3] = [
            ("N", self.n.into()),
            ("CLASSES", self.classes.into()),
            ("SMOOTHING", self.smoothing.into()),
        ];
        plan.elementwise(
            &KERNEL,
            &constants,
            &[z, labels, step, loss, hit, dz],
            self.n,
        );
    }
}
