//! A convolution with a window of 3 x 3 by Winograd's F(4x4, 3x3): a tile of 4 x 4 outputs takes 36 products where the
//! sum takes 144 (Lavin and Gray 2016, sections 4.2 and 4.3).
//!
//! Pixels and weights are evaluated at 36 points; there, each convolution is a product of matrices, tiles by channels; and
//! the outputs are made from what the points give. Both gradients are the exact transposes of these steps.

use super::Conv2d;
use crate::gpu::{Constant, Kept, Kernel, Plan, Tensor, Tuning, kernel};
use crate::ops::Write;
use crate::ops::linear::{Linear, LinearBatch};
use crate::ops::product::{LONGEST_SUM, sum_rows};

const INPUT: Kernel = kernel!(
    "conv2d_winograd_input",
    "winograd",
    "winograd_points",
    "grid"
);
const OUTPUT: Kernel = kernel!(
    "conv2d_winograd_output",
    "winograd",
    "winograd_points",
    "grid"
);
const GRAD_OUTPUT: Kernel = kernel!(
    "conv2d_winograd_grad_output",
    "winograd",
    "winograd_points",
    "grid"
);
const GRAD_INPUT: Kernel = kernel!(
    "conv2d_winograd_grad_input",
    "winograd",
    "winograd_points",
    "grid"
);
const WEIGHT: Kernel = kernel!("conv2d_winograd_weight", "winograd_points", "grid");
const GRAD_WEIGHT: Kernel = kernel!("conv2d_winograd_grad_weight", "winograd_points", "grid");

/// Points along a side of a tile.
const POINTS: u32 = 6;

/// The row and the column of the point that gets the sum of a tile of `dy`.
const SUM_POINT: [u32; 2] = [1, 1];

/// Outputs along a side of a tile.
const SIDE: u32 = 4;

/// Channels that the kernels load at once.
const WIDTH: u32 = 4;

/// Largest binding that WebGPU promises.
const LARGEST_BINDING: u64 = 128 << 20;

/// The points of a layer's weights and inputs, if they are kept from forwards to backwards.
#[derive(Debug, Clone, Default)]
pub struct Points {
    u: Option<Tensor>,
    v: Option<Tensor>,
}

/// A convolution that can be computed so.
#[derive(Clone, Copy)]
pub(super) struct Winograd {
    conv: Conv2d,
    tiles: u32,
}

impl Winograd {
    /// None for other windows and steps; for fewer channels than `tuning` asks for, or such that do not come in fours;
    /// and for so many pixels that a tensor of points exceeds a binding, or a sum over tiles what drivers can count.
    pub(super) fn of(conv: &Conv2d, tuning: Tuning) -> Option<Self> {
        let &Conv2d { n, h, w, c, k, .. } = conv;
        let tiles = n * h.div_ceil(SIDE) * w.div_ceil(SIDE);
        let [wide_tiles, wide_c, wide_k] = [tiles, c, k].map(u64::from);
        let largest = (wide_tiles * wide_c.max(wide_k)).max(wide_c * wide_k);
        let points = u64::from(POINTS * POINTS) * largest;
        let fits = (conv.kernel, conv.stride, conv.pad) == (3, 1, 1)
            && c.min(k) >= tuning.winograd_channels
            && c.is_multiple_of(WIDTH)
            && k.is_multiple_of(WIDTH)
            && tiles <= LONGEST_SUM
            && 4 * points <= LARGEST_BINDING;
        fits.then_some(Self { conv: *conv, tiles })
    }

    pub(super) fn forward(
        self,
        plan: &mut Plan,
        [x, w]: [&Tensor; 2],
        bias: Option<&Tensor>,
        y: &Tensor,
        points: &Points,
    ) {
        let u = self.weights(plan, w, points.u.clone());
        let v = self.inputs(plan, x, points.v.clone());
        let m = plan.scratch("winograd.m", &[POINTS, self.tiles, POINTS, self.conv.k]);
        self.products().forward(plan, [&v, &u], None, &m);
        let constants = [("HAS_BIAS", bias.is_some().into())];
        let tensors = [&m, bias.unwrap_or(&m), y];
        self.per_tile(plan, &OUTPUT, self.conv.k, &constants, &tensors);
    }

    /// What both gradients need of `dy`.
    pub(super) fn grad_output(self, plan: &mut Plan, dy: &Tensor) -> Tensor {
        let dm = plan.scratch("winograd.dm", &[POINTS, self.tiles, POINTS, self.conv.k]);
        self.per_tile(plan, &GRAD_OUTPUT, self.conv.k, &[], &[dy, &dm]);
        dm
    }

    /// `dx` from [`grad_output`](Self::grad_output).
    pub(super) fn grad_input(
        self,
        plan: &mut Plan,
        [w, dm]: [&Tensor; 2],
        dx: &Tensor,
        write: Write,
        points: &Points,
    ) {
        let u = (points.u.clone()).unwrap_or_else(|| self.weights(plan, w, None));
        let dv = self.input_points(plan, "winograd.dv");
        (self.products()).grad_input(plan, [&u, dm], &dv, Write::Set);
        self.per_tile(
            plan,
            &GRAD_INPUT,
            self.conv.c,
            &[write.constant()],
            &[&dv, dx],
        );
    }

    /// `dw` and, where there is a bias, `dbias` from [`grad_output`](Self::grad_output).
    pub(super) fn grad_weight(
        self,
        plan: &mut Plan,
        [x, dm]: [&Tensor; 2],
        dw: &Tensor,
        dbias: Option<&Tensor>,
        points: &Points,
    ) {
        let v = (points.v.clone()).unwrap_or_else(|| self.inputs(plan, x, None));
        let du = self.weight_points(plan, "winograd.du");
        (self.products()).grad_weight(plan, [&v, dm], &du, None);
        self.per_weight(plan, &GRAD_WEIGHT, &[&du, dw]);
        if let Some(dbias) = dbias {
            let [row, column] = SUM_POINT;
            let first = row * self.tiles * POINTS + column;
            sum_rows(plan, dm, [first, POINTS, self.tiles], dbias);
        }
    }

    fn products(self) -> LinearBatch {
        let Conv2d { c, k, .. } = self.conv;
        let n = self.tiles;
        Linear { n, c, k }.times(POINTS * POINTS).beside(POINTS)
    }

    pub(super) fn points(self, plan: &mut Plan, name: &str) -> Points {
        let kept = plan.tuning.kept;
        Points {
            u: (kept >= Kept::Weights).then(|| self.weight_points(plan, &format!("{name}.u"))),
            v: (kept >= Kept::All).then(|| self.input_points(plan, &format!("{name}.v"))),
        }
    }

    fn input_points(self, plan: &mut Plan, name: &str) -> Tensor {
        plan.scratch(name, &[POINTS, self.tiles, POINTS, self.conv.c])
    }

    fn weight_points(self, plan: &mut Plan, name: &str) -> Tensor {
        plan.scratch(name, &[POINTS, self.conv.c, POINTS, self.conv.k])
    }

    fn inputs(self, plan: &mut Plan, x: &Tensor, kept: Option<Tensor>) -> Tensor {
        let v = kept.unwrap_or_else(|| self.input_points(plan, "winograd.v"));
        self.per_tile(plan, &INPUT, self.conv.c, &[], &[x, &v]);
        v
    }

    fn weights(self, plan: &mut Plan, w: &Tensor, kept: Option<Tensor>) -> Tensor {
        let u = kept.unwrap_or_else(|| self.weight_points(plan, "winograd.u"));
        self.per_weight(plan, &WEIGHT, &[w, &u]);
        u
    }

    fn per_tile(
        self,
        plan: &mut Plan,
        kernel: &Kernel,
        channels: u32,
        own: &[Constant],
        tensors: &[&Tensor],
    ) {
        let Conv2d { n, h, w, .. } = self.conv;
        let values = channels / WIDTH;
        let shape: [Constant; 4] =
            [("N", n), ("H", h), ("W", w), ("C", values)].map(|(name, value)| (name, value.into()));
        plan.elementwise(
            kernel,
            &[&shape, own].concat(),
            tensors,
            self.tiles * values,
        );
    }

    fn per_weight(self, plan: &mut Plan, kernel: &Kernel, tensors: &[&Tensor]) {
        let values = self.conv.k / WIDTH;
        let length = self.conv.c * values;
        let constants = [("LENGTH", length.into()), ("K", values.into())];
        plan.elementwise(kernel, &constants, tensors, length);
    }
}
