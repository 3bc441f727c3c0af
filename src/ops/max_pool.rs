//! Maximum over a square window, any stride and padding; windows may overlap.

use super::{Write, for_vectors, vector_width, windows};
use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

const FORWARD: Kernel = kernel!("max_pool_forward", "grid", "max_pool_shape");
const GRAD_INPUT: Kernel = kernel!("max_pool_grad_input", "grid", "max_pool_shape");
const TAKEN: Kernel = kernel!("max_pool_taken", "grid", "max_pool_shape");

/// Geometry of a max pool: `x` is N·H·W·C, `y` and `winner` are N·P·Q·C. Padding counts as minus infinity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxPool {
    /// Images.
    pub n: u32,
    /// Height of the input.
    pub h: u32,
    /// Width of the input.
    pub w: u32,
    /// Channels.
    pub c: u32,
    /// Side of the window.
    pub kernel: u32,
    /// Step of the window along both axes.
    pub stride: u32,
    /// Padding, at most half the window.
    pub pad: u32,
}

impl MaxPool {
    /// Height of the output.
    ///
    /// # Panics
    /// If the window does not fit into the padded input, or its side or step is 0.
    pub fn p(&self) -> u32 {
        windows(self.h, self.kernel, self.stride, self.pad).expect("the window fits")
    }

    /// Width of the output.
    ///
    /// # Panics
    /// As [`p`](Self::p).
    pub fn q(&self) -> u32 {
        windows(self.w, self.kernel, self.stride, self.pad).expect("the window fits")
    }

    /// Elements of `x`.
    pub fn x_len(&self) -> u32 {
        self.n * self.h * self.w * self.c
    }

    /// Elements of `y` and of `winner`.
    pub fn y_len(&self) -> u32 {
        self.n * self.p() * self.q() * self.c
    }

    /// `y`, and in `winner` the position `r·kernel + s` of the first maximum of each window (u32).
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry, or a window can lie in the padding.
    pub fn forward(&self, plan: &mut Plan, x: &Tensor, y: &Tensor, winner: &Tensor) {
        self.expect_lengths(x, [y, winner]);
        self.record(plan, &FORWARD, &[], &[x, y, winner], self.y_len());
    }

    /// `dx` from `dy` and the winners.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry, or a window can lie in the padding.
    pub fn grad_input(
        &self,
        plan: &mut Plan,
        [dy, winner]: [&Tensor; 2],
        dx: &Tensor,
        write: Write,
    ) {
        self.expect_lengths(dx, [dy, winner]);
        let tensors = [dy, winner, dx];
        self.record(
            plan,
            &GRAD_INPUT,
            &[write.constant()],
            &tensors,
            self.x_len(),
        );
    }

    /// `y` from the places of `x` that won before, whatever is there now.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn taken(&self, plan: &mut Plan, [x, winner]: [&Tensor; 2], y: &Tensor) {
        self.expect_lengths(x, [y, winner]);
        let constants = self.constants(1, self.y_len());
        plan.elementwise(&TAKEN, &constants, &[x, winner, y], self.y_len());
    }

    /// One invocation for each vector of channels of the `elements`.
    fn record(
        &self,
        plan: &mut Plan,
        kernel: &Kernel,
        constants: &[Constant],
        tensors: &[&Tensor],
        elements: u32,
    ) {
        let width = vector_width(self.c);
        let kernel = for_vectors(kernel, width, &[("Value", "f32"), ("Index", "u32")]);
        let count = elements / width;
        let constants = [constants, &self.constants(width, count)].concat();
        plan.elementwise(&kernel, &constants, tensors, count);
    }

    /// Asserts the length of the input or its gradient, and of what has an element for each window.
    fn expect_lengths(&self, x: &Tensor, of_windows: [&Tensor; 2]) {
        assert!(
            2 * u64::from(self.pad) <= self.kernel.into(),
            "a window holds more than padding"
        );
        x.expect_len(&[self.n, self.h, self.w, self.c]);
        for tensor in of_windows {
            tensor.expect_len(&[self.n, self.p(), self.q(), self.c]);
        }
    }

    /// One entry for each `override` of `shaders/shared/max_pool_shape.wgsl`.
    fn constants(&self, width: u32, length: u32) -> [Constant; 9] {
        [
            ("C", self.c / width),
            ("H", self.h),
            ("W", self.w),
            ("P", self.p()),
            ("Q", self.q()),
            ("KERNEL", self.kernel),
            ("STRIDE", self.stride),
            ("PAD", self.pad),
            ("LENGTH", length),
        ]
        .map(|(name, value)| (name, value.into()))
    }
}
