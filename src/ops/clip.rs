//! Gradients whose norm is too large, scaled down to it (Pascanu, Mikolov and Bengio 2013, algorithm 1).

use crate::gpu::{Constant, Grid, Kernel, Plan, Tensor, kernel};

const SQUARES: Kernel = kernel!("clip_squares", "grid", "mask");
const FACTOR: Kernel = kernel!("clip_factor", "finite");
const APPLY: Kernel = kernel!("clip_apply", "grid", "finite");

/// Vectors of four whose squares one invocation adds up.
const VECTORS: u32 = 256;

/// Invocations of the one workgroup that adds up their sums.
const WIDTH: u32 = 256;

/// Multiplies all gradients by `min(1, norm / (n + 1e-6))`, where `n` is the norm of those that are kept, as PyTorch's
/// `clip_grad_norm_` does. What is not finite stays so, and makes all others 0, as do squares that add up to more than
/// an f32 holds.
///
/// A pass of its own over the gradients, which a step reads and writes several times anyway.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clip {
    /// Largest norm that is left as it is.
    pub norm: f32,
}

impl Clip {
    /// `dw` has a multiple of 32 elements, and `mask` one bit for each, lowest first.
    ///
    /// # Panics
    /// If their lengths do not go together.
    pub fn record(&self, plan: &mut Plan, mask: &Tensor, dw: &Tensor) {
        dw.expect_len(&[mask.len(), 32]);
        let vectors = dw.len() / 4;
        let slices = vectors.div_ceil(VECTORS);
        let [squares, factor] =
            [("squares", slices), ("factor", 1)].map(|(name, n)| plan.scratch(name, &[n]));
        let [vectors_constant, slices_constant]: [Constant; 2] =
            [("VECTORS", vectors.into()), ("SLICES", slices.into())];
        let constants = [vectors_constant, slices_constant];
        plan.elementwise(&SQUARES, &constants, &[mask, dw, &squares], slices);
        let constants = [
            slices_constant,
            ("NORM", self.norm.into()),
            ("WORKGROUP_SIZE", WIDTH.into()),
        ];
        let one = Grid([1, 1, 1]);
        plan.dispatch(&FACTOR, &constants, &[&squares, &factor], one);
        plan.elementwise(&APPLY, &[vectors_constant], &[&factor, dw], vectors);
    }
}
