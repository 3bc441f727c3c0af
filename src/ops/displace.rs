//! Weights moved along a direction, where gradients at other places than theirs are asked for.

use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

const DISPLACE: Kernel = kernel!("displace", "grid");

/// `y = x + steps[step] direction` on `length` elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Displace {
    /// Elements.
    pub length: u32,
    /// Entry of `steps` that says how far.
    pub step: u32,
}

impl Displace {
    /// `y` from `x`, `direction` and `steps`.
    ///
    /// # Panics
    /// If a tensor but `steps` has not `length` elements, or that has no such entry.
    pub fn record(&self, plan: &mut Plan, [x, direction, steps]: [&Tensor; 3], y: &Tensor) {
        for tensor in [x, direction, y] {
            tensor.expect_len(&[self.length]);
        }
        assert!(self.step < steps.len(), "no step of number {}", self.step);
        let constants: [Constant; 2] = [("LENGTH", self.length.into()), ("STEP", self.step.into())];
        plan.elementwise(
            &DISPLACE,
            &constants,
            &[x, direction, steps, y],
            self.length,
        );
    }
}
