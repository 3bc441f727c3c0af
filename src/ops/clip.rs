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
        let slices = Self::slices(dw.len());
        let [squares, factor] =
            [("squares", slices), ("factor", 1)].map(|(name, n)| plan.scratch(name, &[n]));
        Self::squares(plan, [mask, dw], &squares);
        let constants = [
            ("SLICES", slices.into()),
            ("NORM", self.norm.into()),
            ("WORKGROUP_SIZE", WIDTH.into()),
        ];
        let one = Grid([1, 1, 1]);
        plan.dispatch(&FACTOR, &constants, &[&squares, &factor], one);
        let vectors = dw.len() / 4;
        let constants: [Constant; 1] = [("VECTORS", vectors.into())];
        plan.elementwise(&APPLY, &constants, &[&factor, dw], vectors);
    }

    /// Parts that the squares of so many elements are added up in.
    pub fn slices(length: u32) -> u32 {
        (length / 4).div_ceil(VECTORS)
    }

    /// Sums, one for each of the [`slices`](Self::slices), of the squares of what of `x` is kept.
    ///
    /// # Panics
    /// As [`record`](Self::record), or if there are more or fewer sums.
    pub fn squares(plan: &mut Plan, [mask, x]: [&Tensor; 2], sums: &Tensor) {
        x.expect_len(&[mask.len(), 32]);
        let slices = Self::slices(x.len());
        sums.expect_len(&[slices]);
        let constants: [Constant; 2] =
            [("VECTORS", (x.len() / 4).into()), ("SLICES", slices.into())];
        plan.elementwise(&SQUARES, &constants, &[mask, x, sums], slices);
    }
}
