//! Convolution with a square window, any stride and zero padding.

use super::product::{Extent, Operand, ProductKernel, product};
use super::{Write, windows};
use crate::gpu::{Constant, Plan, Tensor};

const FORWARD: ProductKernel = product!("conv2d_forward", "conv2d_shape");
const GRAD_INPUT: ProductKernel = product!("conv2d_grad_input", "conv2d_shape");
const GRAD_WEIGHT: ProductKernel = product!("conv2d_grad_weight", "conv2d_shape");

/// Geometry of a convolution: `x` is N·H·W·C, `w` is kernel·kernel·C·K, `y` is N·P·Q·K.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2d {
    /// Images.
    pub n: u32,
    /// Height of the input.
    pub h: u32,
    /// Width of the input.
    pub w: u32,
    /// Channels of the input.
    pub c: u32,
    /// Channels of the output.
    pub k: u32,
    /// Side of the window.
    pub kernel: u32,
    /// Step of the window along both axes.
    pub stride: u32,
    /// Zeros around the input.
    pub pad: u32,
}

impl Conv2d {
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

    /// Products that make one output: kernel²·C.
    pub fn taps(&self) -> u32 {
        self.kernel * self.kernel * self.c
    }

    /// Elements of `x`.
    pub fn x_len(&self) -> u32 {
        self.n * self.h * self.w * self.c
    }

    /// Elements of `w`.
    pub fn w_len(&self) -> u32 {
        self.taps() * self.k
    }

    /// Elements of `y`.
    pub fn y_len(&self) -> u32 {
        self.n * self.p() * self.q() * self.k
    }

    /// `y = x * w + bias`; `bias` has K elements.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn forward(
        &self,
        plan: &mut Plan,
        [x, w]: [&Tensor; 2],
        bias: Option<&Tensor>,
        y: &Tensor,
    ) {
        x.expect_len(&[self.n, self.h, self.w, self.c]);
        w.expect_len(&[self.kernel, self.kernel, self.c, self.k]);
        if let Some(bias) = bias {
            bias.expect_len(&[self.k]);
        }
        y.expect_len(&[self.n, self.p(), self.q(), self.k]);
        // Without padding a row of the window is one stretch of memory.
        let outer = if self.pad == 0 {
            self.kernel
        } else {
            self.kernel * self.kernel
        };
        let extent = Extent {
            rows: self.n * self.p() * self.q(),
            columns: self.k,
            outer,
            inner: self.taps() / outer,
            left: Operand::Inner(self.c),
            right: Operand::Across(self.k),
        };
        let constants = [
            &self.constants()[..],
            &[("HAS_BIAS", bias.is_some().into())],
        ]
        .concat();
        FORWARD.record(plan, extent, &constants, &[x, w, bias.unwrap_or(w), y]);
    }

    /// `dx` from `dy`; the first layer has no use for it.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn grad_input(&self, plan: &mut Plan, [w, dy]: [&Tensor; 2], dx: &Tensor, write: Write) {
        w.expect_len(&[self.kernel, self.kernel, self.c, self.k]);
        dy.expect_len(&[self.n, self.p(), self.q(), self.k]);
        dx.expect_len(&[self.n, self.h, self.w, self.c]);
        let extent = Extent {
            rows: self.n * self.h * self.w,
            columns: self.c,
            outer: self.kernel * self.kernel,
            inner: self.k,
            left: Operand::Inner(self.k),
            right: Operand::Inner(self.k),
        };
        let constants = [&self.constants()[..], &[write.constant()]].concat();
        GRAD_INPUT.record(plan, extent, &constants, &[dy, w, dx]);
    }

    /// `dw` and, where there is a bias, `dbias` from `dy`.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn grad_weight(
        &self,
        plan: &mut Plan,
        [x, dy]: [&Tensor; 2],
        dw: &Tensor,
        dbias: Option<&Tensor>,
    ) {
        x.expect_len(&[self.n, self.h, self.w, self.c]);
        dy.expect_len(&[self.n, self.p(), self.q(), self.k]);
        dw.expect_len(&[self.kernel, self.kernel, self.c, self.k]);
        if let Some(dbias) = dbias {
            dbias.expect_len(&[self.k]);
        }
        let rows = self.taps() + u32::from(dbias.is_some());
        let extent = Extent {
            rows,
            columns: self.k,
            outer: self.n * self.p(),
            inner: self.q(),
            left: Operand::Across(self.c),
            right: Operand::Across(self.k),
        };
        GRAD_WEIGHT.record_sliced(plan, extent, &self.constants(), [x, dy], dw, dbias);
    }

    /// One entry for each `override` of `shaders/shared/conv2d_shape.wgsl`.
    fn constants(&self) -> [Constant; 9] {
        [
            ("C", self.c),
            ("H", self.h),
            ("W", self.w),
            ("K", self.k),
            ("P", self.p()),
            ("Q", self.q()),
            ("KERNEL", self.kernel),
            ("STRIDE", self.stride),
            ("PAD", self.pad),
        ]
        .map(|(name, value)| (name, value.into()))
    }
}
