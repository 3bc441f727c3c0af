//! Every other pixel, with zeros as channels that are missing: the shortcut without parameters of He et al. 2016 (section
//! 3.3, option A).

use super::{Write, windows};
use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

const FORWARD: Kernel = kernel!("subsample_forward", "grid", "subsample_shape");
const GRAD_INPUT: Kernel = kernel!("subsample_grad_input", "grid", "subsample_shape");

/// Geometry of a subsampling: `x` is N·H·W·C, `y` is N·P·Q·K, and as many channels of zeros lie before as behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subsample {
    /// Images.
    pub n: u32,
    /// Height of the input.
    pub h: u32,
    /// Width of the input.
    pub w: u32,
    /// Channels of the input.
    pub c: u32,
    /// Channels of the output, at least C.
    pub k: u32,
    /// Step along both axes.
    pub stride: u32,
}

impl Subsample {
    /// Height of the output.
    ///
    /// # Panics
    /// If the step is 0.
    pub fn p(&self) -> u32 {
        windows(self.h, 1, self.stride, 0).expect("a step")
    }

    /// Width of the output.
    ///
    /// # Panics
    /// As [`p`](Self::p).
    pub fn q(&self) -> u32 {
        windows(self.w, 1, self.stride, 0).expect("a step")
    }

    /// Channels of zeros before those of the input.
    ///
    /// # Panics
    /// If the output has fewer channels.
    pub fn before(&self) -> u32 {
        assert!(self.k >= self.c, "channels are added, not removed");
        (self.k - self.c) / 2
    }

    /// Elements of `x`.
    pub fn x_len(&self) -> u32 {
        self.n * self.h * self.w * self.c
    }

    /// Elements of `y`.
    pub fn y_len(&self) -> u32 {
        self.n * self.p() * self.q() * self.k
    }

    /// `y` from `x`.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn forward(&self, plan: &mut Plan, x: &Tensor, y: &Tensor) {
        self.record(plan, &FORWARD, [x, y], &[], [x, y], self.y_len());
    }

    /// `dx` from `dy`.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn grad_input(&self, plan: &mut Plan, dy: &Tensor, dx: &Tensor, write: Write) {
        let own = [write.constant()];
        self.record(plan, &GRAD_INPUT, [dx, dy], &own, [dy, dx], self.x_len());
    }

    fn record(
        &self,
        plan: &mut Plan,
        kernel: &Kernel,
        [x, y]: [&Tensor; 2],
        own: &[Constant],
        tensors: [&Tensor; 2],
        count: u32,
    ) {
        x.expect_len(&[self.n, self.h, self.w, self.c]);
        y.expect_len(&[self.n, self.p(), self.q(), self.k]);
        // One entry for each `override` of `shaders/shared/subsample_shape.wgsl`.
        let shape: [Constant; 9] = [
            ("C", self.c),
            ("H", self.h),
            ("W", self.w),
            ("K", self.k),
            ("P", self.p()),
            ("Q", self.q()),
            ("STRIDE", self.stride),
            ("BEFORE", self.before()),
            ("LENGTH", count),
        ]
        .map(|(name, value)| (name, value.into()));
        plan.elementwise(kernel, &[&shape, own].concat(), &tensors, count);
    }
}
