//! The sum of two values, as at the end of a residual block (He et al. 2016, equation 1).

use super::{Write, for_vectors, vector_width};
use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

const FORWARD: Kernel = kernel!("add_forward", "grid");
const GRAD_INPUT: Kernel = kernel!("add_grad_input", "grid");

/// `y = a + b` on `length` elements of any shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Add {
    /// Elements.
    pub length: u32,
}

impl Add {
    /// `y` from `a` and `b`.
    ///
    /// # Panics
    /// If a tensor has not `length` elements.
    pub fn forward(&self, plan: &mut Plan, [a, b]: [&Tensor; 2], y: &Tensor) {
        self.record(plan, &FORWARD, &[], &[a, b, y]);
    }

    /// The gradient of `a`, or of `b`: it is `dy`, unless others have a part in it.
    ///
    /// # Panics
    /// If a tensor has not `length` elements.
    pub fn grad_input(&self, plan: &mut Plan, dy: &Tensor, dx: &Tensor, write: Write) {
        self.record(plan, &GRAD_INPUT, &[write.constant()], &[dy, dx]);
    }

    fn record(&self, plan: &mut Plan, kernel: &Kernel, own: &[Constant], tensors: &[&Tensor]) {
        for tensor in tensors {
            tensor.expect_len(&[self.length]);
        }
        let width = vector_width(self.length);
        let kernel = for_vectors(kernel, width, &[("Value", "f32")]);
        let count = self.length / width;
        let constants = [own, &[("LENGTH", count.into())]].concat();
        plan.elementwise(&kernel, &constants, tensors, count);
    }
}
