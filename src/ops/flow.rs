//! What a network is asked without data: how much flows through it where nothing cancels (Tanaka et al. 2020, Pruning neural
//! networks without any data by iteratively conserving synaptic flow, section 5).
//!
//! Flows of deep networks exceed 32-bit numbers, so they are scaled on their way. Factors of a place are two numbers: that of the
//! place, a power of two, and the product of it and all before it.

use crate::gpu::{Constant, Grid, Kernel, Plan, Tensor, kernel};

const FILL: Kernel = kernel!("flow_fill", "grid");
const ABSOLUTE: Kernel = kernel!("flow_absolute", "grid");
const SCALED: Kernel = kernel!("flow_scaled", "grid");
const RESCALE: Kernel = kernel!("flow_rescale", "grid");
const FACTOR: Kernel = kernel!("flow_factor");

/// Invocations of the kernel that runs as one workgroup.
const WIDTH: u32 = 256;

/// Elements that are looked at for a factor: enough to know the size of a flow, in which nothing is negative.
const SAMPLE: u32 = 1 << 18;

/// A tensor of `length` elements that takes part in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// Elements.
    pub length: u32,
}

impl Flow {
    /// All of `x` becomes 1.
    ///
    /// # Panics
    /// If the tensor has another number of elements than that.
    pub fn fill(&self, plan: &mut Plan, x: &Tensor) {
        x.expect_len(&[self.length]);
        plan.elementwise(&FILL, &[self.constant()], &[x], self.length);
    }

    /// All of `x` loses its sign.
    ///
    /// # Panics
    /// As [`fill`](Self::fill).
    pub fn absolute(&self, plan: &mut Plan, x: &Tensor) {
        x.expect_len(&[self.length]);
        plan.elementwise(&ABSOLUTE, &[self.constant()], &[x], self.length);
    }

    /// `own` becomes the factors of this place: the power of two that brings the largest of the first elements of `x`, none of
    /// which is negative, between 1 and 2 (or 1, if there is only 0), and its product with those of `before`.
    ///
    /// # Panics
    /// As [`fill`](Self::fill), or if factors are not two.
    pub fn factor(&self, plan: &mut Plan, x: &Tensor, [before, own]: [&Tensor; 2]) {
        x.expect_len(&[self.length]);
        before.expect_len(&[2]);
        own.expect_len(&[2]);
        let constants: [Constant; 2] = [
            ("LENGTH", self.length.min(SAMPLE).into()),
            ("WORKGROUP_SIZE", WIDTH.into()),
        ];
        plan.dispatch(&FACTOR, &constants, &[x, before, own], Grid([1, 1, 1]));
    }

    /// All of `x` is multiplied by the factor of this place.
    ///
    /// # Panics
    /// As [`factor`](Self::factor).
    pub fn rescale(&self, plan: &mut Plan, factors: &Tensor, x: &Tensor) {
        factors.expect_len(&[2]);
        x.expect_len(&[self.length]);
        plan.elementwise(&RESCALE, &[self.constant()], &[factors, x], self.length);
    }

    /// `y` becomes `x` without signs, times the product of all factors up to this place.
    ///
    /// # Panics
    /// As [`factor`](Self::factor).
    pub fn scaled(&self, plan: &mut Plan, factors: &Tensor, x: &Tensor, y: &Tensor) {
        factors.expect_len(&[2]);
        for tensor in [x, y] {
            tensor.expect_len(&[self.length]);
        }
        plan.elementwise(&SCALED, &[self.constant()], &[factors, x, y], self.length);
    }

    fn constant(&self) -> Constant {
        ("LENGTH", self.length.into())
    }
}
