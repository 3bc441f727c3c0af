//! Mean over a window without padding; one as large as the image is a global average pool (Lin et al. 2014, section 3.2).

use super::{Write, for_vectors, vector_width, windows};
use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

const FORWARD: Kernel = kernel!("avg_pool_forward", "grid", "avg_pool_shape");
const GRAD_INPUT: Kernel = kernel!("avg_pool_grad_input", "grid", "avg_pool_shape");

/// Geometry of an average pool: `x` is N·H·W·C, `y` is N·P·Q·C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AvgPool {
    /// Images.
    pub n: u32,
    /// Height of the input.
    pub h: u32,
    /// Width of the input.
    pub w: u32,
    /// Channels.
    pub c: u32,
    /// Height and width of the window.
    pub window: [u32; 2],
    /// Step of the window along both axes.
    pub stride: u32,
}

impl AvgPool {
    /// Height of the output.
    ///
    /// # Panics
    /// If the window does not fit into the input, or its side or step is 0.
    pub fn p(&self) -> u32 {
        windows(self.h, self.window[0], self.stride, 0).expect("the window fits")
    }

    /// Width of the output.
    ///
    /// # Panics
    /// As [`p`](Self::p).
    pub fn q(&self) -> u32 {
        windows(self.w, self.window[1], self.stride, 0).expect("the window fits")
    }

    /// Elements of `x`.
    pub fn x_len(&self) -> u32 {
        self.n * self.h * self.w * self.c
    }

    /// Elements of `y`.
    pub fn y_len(&self) -> u32 {
        self.n * self.p() * self.q() * self.c
    }

    /// `y` from `x`.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn forward(&self, plan: &mut Plan, x: &Tensor, y: &Tensor) {
        self.expect_lengths(x, y);
        self.record(plan, &FORWARD, &[], &[x, y], self.y_len());
    }

    /// `dx` from `dy`.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn grad_input(&self, plan: &mut Plan, dy: &Tensor, dx: &Tensor, write: Write) {
        self.expect_lengths(dx, dy);
        self.record(
            plan,
            &GRAD_INPUT,
            &[write.constant()],
            &[dy, dx],
            self.x_len(),
        );
    }

    fn expect_lengths(&self, x: &Tensor, y: &Tensor) {
        x.expect_len(&[self.n, self.h, self.w, self.c]);
        y.expect_len(&[self.n, self.p(), self.q(), self.c]);
    }

    /// One invocation for each vector of channels of the `elements`.
    fn record(
        &self,
        plan: &mut Plan,
        kernel: &Kernel,
        own: &[Constant],
        tensors: &[&Tensor],
        elements: u32,
    ) {
        let width = vector_width(self.c);
        let kernel = for_vectors(kernel, width, &[("Value", "f32")]);
        let count = elements / width;
        let [rows, columns] = self.window;
        // One entry for each `override` of `shaders/shared/avg_pool_shape.wgsl`.
        let shape: [Constant; 9] = [
            ("C", self.c / width),
            ("H", self.h),
            ("W", self.w),
            ("P", self.p()),
            ("Q", self.q()),
            ("WINDOW_ROWS", rows),
            ("WINDOW_COLUMNS", columns),
            ("STRIDE", self.stride),
            ("LENGTH", count),
        ]
        .map(|(name, value)| (name, value.into()));
        plan.elementwise(&kernel, &[&shape, own].concat(), tensors, count);
    }
}
