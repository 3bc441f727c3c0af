//! Convolution with a square window, any stride and zero padding.

mod winograd;

use super::product::{Extent, Operand, ProductKernel, Slide, Window, product};
use super::{Write, windows};
use crate::gpu::{Constant, Geometry, Plan, Tensor, Tuning};
pub use winograd::Points;
use winograd::Winograd;

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
        self.forward_keeping(plan, [x, w], bias, y, &Points::default());
    }

    /// [`forward`](Self::forward), which leaves `points` for [`backward`](Self::backward).
    ///
    /// # Panics
    /// As it does.
    pub fn forward_keeping(
        &self,
        plan: &mut Plan,
        [x, w]: [&Tensor; 2],
        bias: Option<&Tensor>,
        y: &Tensor,
        points: &Points,
    ) {
        self.expect_lens([x, w, y]);
        self.expect_bias(bias);
        if let Some(winograd) = self.winograd(plan) {
            return winograd.forward(plan, [x, w], bias, y, points);
        }
        // Without padding a row of the window is one stretch of memory.
        let outer = if self.pad == 0 {
            self.kernel
        } else {
            self.kernel * self.kernel
        };
        let extent = Extent {
            batch: 1,
            beside: 1,
            rows: self.n * self.p() * self.q(),
            columns: self.k,
            outer,
            inner: self.taps() / outer,
            left: Operand::Inner(self.c),
            right: Operand::Across(self.k),
            slide: (outer > self.kernel).then(|| self.slide(self.stride, self.q(), false)),
            flops: self.flops(),
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
        self.expect_lens([dx, w, dy]);
        if let Some(winograd) = self.winograd(plan) {
            let dm = winograd.grad_output(plan, dy);
            return winograd.grad_input(plan, [w, &dm], dx, write, &Points::default());
        }
        let extent = Extent {
            batch: 1,
            beside: 1,
            rows: self.n * self.h * self.w,
            columns: self.c,
            outer: self.kernel * self.kernel,
            inner: self.k,
            left: Operand::Inner(self.k),
            right: Operand::Inner(self.k),
            slide: (self.kernel > 1 && self.stride == 1).then(|| self.slide(1, self.w, true)),
            flops: self.flops(),
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
        self.expect_lens([x, dw, dy]);
        self.expect_bias(dbias);
        if let Some(winograd) = self.winograd(plan) {
            let dm = winograd.grad_output(plan, dy);
            return winograd.grad_weight(plan, [x, &dm], dw, dbias, &Points::default());
        }
        let rows = self.taps() + u32::from(dbias.is_some());
        let extent = Extent {
            batch: 1,
            beside: 1,
            rows,
            columns: self.k,
            outer: self.n * self.p(),
            inner: self.q(),
            left: Operand::Across(self.c),
            right: Operand::Across(self.k),
            slide: None,
            flops: self.flops(),
        };
        GRAD_WEIGHT.record_sliced(plan, extent, &self.constants(), [x, dy], dw, dbias);
    }

    /// [`grad_weight`](Self::grad_weight) and [`grad_input`](Self::grad_input) at less than they cost one by one. `points`
    /// are those of the forward pass, if it was given any.
    ///
    /// # Panics
    /// As they do.
    pub fn backward(
        &self,
        plan: &mut Plan,
        [x, w, dy]: [&Tensor; 3],
        (dw, dbias): (&Tensor, Option<&Tensor>),
        (dx, write): (&Tensor, Write),
        points: &Points,
    ) {
        let Some(winograd) = self.winograd(plan) else {
            self.grad_weight(plan, [x, dy], dw, dbias);
            return self.grad_input(plan, [w, dy], dx, write);
        };
        self.expect_lens([x, w, dy]);
        self.expect_lens([dx, dw, dy]);
        self.expect_bias(dbias);
        let dm = winograd.grad_output(plan, dy);
        winograd.grad_weight(plan, [x, &dm], dw, dbias, points);
        winograd.grad_input(plan, [w, &dm], dx, write, points);
    }

    /// Room for what the forward pass keeps, as the tuning of `plan` has it.
    pub fn points(&self, plan: &mut Plan, name: &str) -> Points {
        let winograd = self.winograd(plan);
        winograd.map_or_else(Points::default, |winograd| winograd.points(plan, name))
    }

    /// What its kernels are chosen for.
    pub fn geometry(&self) -> Geometry {
        let &Self {
            n,
            h,
            w,
            c,
            k,
            kernel,
            stride,
            pad,
        } = self;
        Geometry::Conv2d {
            n,
            h,
            w,
            c,
            k,
            kernel,
            stride,
            pad,
        }
    }

    /// Whether Winograd's algorithm computes it.
    pub fn is_winograd(&self, tuning: Tuning) -> bool {
        Winograd::of(self, tuning).is_some()
    }

    fn winograd(&self, plan: &Plan) -> Option<Winograd> {
        Winograd::of(self, plan.tuning)
    }

    /// The window along a row of `run` pixels; `falls` where the input lies ahead of it.
    fn slide(&self, step: u32, run: u32, falls: bool) -> Slide {
        let taps = self.kernel;
        Slide {
            window: Window { taps, step, falls },
            run,
        }
    }

    /// Of each direction, the padding included.
    fn flops(&self) -> u64 {
        2 * u64::from(self.y_len()) * u64::from(self.taps())
    }

    /// The input, the weight and the output, or what has their extents.
    fn expect_lens(&self, [x, w, y]: [&Tensor; 3]) {
        x.expect_len(&[self.n, self.h, self.w, self.c]);
        w.expect_len(&[self.kernel, self.kernel, self.c, self.k]);
        y.expect_len(&[self.n, self.p(), self.q(), self.k]);
    }

    fn expect_bias(&self, bias: Option<&Tensor>) {
        if let Some(bias) = bias {
            bias.expect_len(&[self.k]);
        }
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
