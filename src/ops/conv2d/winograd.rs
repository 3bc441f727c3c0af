//! A convolution with a window of 3 x 3 by Winograd's algorithm: by F(4x4, 3x3) a tile of 4 x 4 outputs takes 36 products
//! where the sum takes 144, by F(2x2, 3x3) one of 2 x 2 takes 16 where the sum takes 36 (Lavin and Gray 2016, section 4).
//!
//! Pixels and weights are evaluated at points; there, each convolution is a product of matrices, tiles by channels; and
//! the outputs are made from what the points give. Both gradients are the exact transposes of these steps.

use super::Conv2d;
use crate::gpu::{Constant, Kept, Kernel, Plan, Product, Tensor, Tuning, kernel};
use crate::ops::linear::{Linear, LinearBatch};
use crate::ops::product::{LONGEST_SUM, sum_rows};
use crate::ops::{Write, vector_type};

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
const WEIGHT: Kernel = kernel!(
    "conv2d_winograd_weight",
    "winograd_weights",
    "winograd_points",
    "grid"
);
const GRAD_WEIGHT: Kernel = kernel!(
    "conv2d_winograd_grad_weight",
    "winograd_weights",
    "winograd_points",
    "grid"
);

/// What a tile is evaluated by.
#[derive(Debug, Clone, Copy)]
struct Scheme {
    /// Outputs along a side of a tile.
    side: u32,
    /// Points along it.
    points: u32,
    /// What the text of the kernels lacks.
    text: &'static str,
}

/// Tiles of 2 x 2 are for images so small that larger ones would lie outside of them for the most part.
const SCHEMES: [Scheme; 2] = [
    Scheme {
        side: 4,
        points: 6,
        text: include_str!("../../../shaders/shared/winograd_4.wgsl"),
    },
    Scheme {
        side: 2,
        points: 4,
        text: include_str!("../../../shaders/shared/winograd_2.wgsl"),
    },
];

/// The row and the column of the point that gets the sum of a tile of `dy`, in either scheme.
const SUM_POINT: [u32; 2] = [1, 1];

/// What channels must come in.
const LEAST_WIDTH: u32 = 4;

/// Channels that a kernel loads at once. Rows of many channels lie a multiple of 1 KiB apart, so that what a tile or a filter
/// reads falls into few places of a CPU's cache; narrower values need half as many of them at a time.
fn width(channels: u32, tuning: Tuning) -> u32 {
    let is_cpu = matches!(tuning.product, Product::Lanes(_));
    if is_cpu && channels.is_multiple_of(256) {
        2
    } else {
        4
    }
}

/// Largest binding that WebGPU promises.
const LARGEST_BINDING: u64 = 128 << 20;

/// The points of a layer's weights and inputs, if they are kept from forwards to backwards.
#[derive(Debug, Clone, Default)]
pub struct Points {
    u: Option<Tensor>,
    v: Option<Tensor>,
}

impl Scheme {
    /// Points of a tile.
    fn squared(self) -> u32 {
        self.points * self.points
    }

    /// The kernel for these tiles, which loads so many channels at once.
    fn kernel(self, kernel: &Kernel, width: u32) -> Kernel {
        let value = vector_type("f32", width);
        let text = format!("alias Value = {value};\n{}", self.text);
        kernel.with(format!("f{}x{width}", self.side), &text)
    }
}

/// A convolution that can be computed so.
#[derive(Clone, Copy)]
pub(super) struct Winograd {
    conv: Conv2d,
    scheme: Scheme,
    tiles: u32,
}

impl Winograd {
    /// None for other windows and steps; for fewer channels than `tuning` asks for, or such that do not come in fours;
    /// and for so many pixels that a tensor of points exceeds a binding, or a sum over tiles what drivers can count.
    pub(super) fn of(conv: &Conv2d, tuning: Tuning) -> Option<Self> {
        let &Conv2d { n, h, w, c, k, .. } = conv;
        let tiles = |Scheme { side, .. }| n * h.div_ceil(side) * w.div_ceil(side);
        let products = |scheme: &Scheme| u64::from(tiles(*scheme)) * u64::from(scheme.squared());
        let scheme = SCHEMES.into_iter().min_by_key(products)?;
        let tiles = tiles(scheme);
        let [wide_tiles, wide_c, wide_k] = [tiles, c, k].map(u64::from);
        let largest = (wide_tiles * wide_c.max(wide_k)).max(wide_c * wide_k);
        let points = u64::from(scheme.squared()) * largest;
        let fits = (conv.kernel, conv.stride, conv.pad) == (3, 1, 1)
            && c.min(k) >= tuning.winograd_channels
            && c.is_multiple_of(LEAST_WIDTH)
            && k.is_multiple_of(LEAST_WIDTH)
            && tiles <= LONGEST_SUM
            && 4 * points <= LARGEST_BINDING;
        fits.then_some(Self {
            conv: *conv,
            scheme,
            tiles,
        })
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
        let m = self.tile_points(plan, "winograd.m", self.conv.k);
        self.products().forward(plan, [&v, &u], None, &m);
        let constants = [("HAS_BIAS", bias.is_some().into())];
        let tensors = [&m, bias.unwrap_or(&m), y];
        self.per_tile(plan, &OUTPUT, self.conv.k, &constants, &tensors);
    }

    /// What both gradients need of `dy`.
    pub(super) fn grad_output(self, plan: &mut Plan, dy: &Tensor) -> Tensor {
        let dm = self.tile_points(plan, "winograd.dm", self.conv.k);
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
            let points = self.scheme.points;
            let first = row * self.tiles * points + column;
            sum_rows(plan, dm, [first, points, self.tiles], dbias);
        }
    }

    fn products(self) -> LinearBatch {
        let Conv2d { c, k, .. } = self.conv;
        let n = self.tiles;
        let Scheme { points, .. } = self.scheme;
        Linear { n, c, k }
            .times(self.scheme.squared())
            .beside(points)
    }

    pub(super) fn points(self, plan: &mut Plan, name: &str) -> Points {
        let kept = plan.tuning.kept;
        Points {
            u: (kept >= Kept::Weights).then(|| self.weight_points(plan, &format!("{name}.u"))),
            v: (kept >= Kept::All).then(|| self.input_points(plan, &format!("{name}.v"))),
        }
    }

    fn input_points(self, plan: &mut Plan, name: &str) -> Tensor {
        self.tile_points(plan, name, self.conv.c)
    }

    fn tile_points(self, plan: &mut Plan, name: &str, channels: u32) -> Tensor {
        let Scheme { points, .. } = self.scheme;
        plan.scratch(name, &[points, self.tiles, points, channels])
    }

    fn weight_points(self, plan: &mut Plan, name: &str) -> Tensor {
        let Scheme { points, .. } = self.scheme;
        plan.scratch(name, &[points, self.conv.c, points, self.conv.k])
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
        let width = width(channels, plan.tuning);
        let values = channels / width;
        let shape: [Constant; 4] =
            [("N", n), ("H", h), ("W", w), ("C", values)].map(|(name, value)| (name, value.into()));
        plan.elementwise(
            &self.scheme.kernel(kernel, width),
            &[&shape, own].concat(),
            tensors,
            self.tiles * values,
        );
    }

    fn per_weight(self, plan: &mut Plan, kernel: &Kernel, tensors: &[&Tensor]) {
        let width = width(self.conv.k, plan.tuning);
        let values = self.conv.k / width;
        let length = self.conv.c * values;
        let constants = [("LENGTH", length.into()), ("K", values.into())];
        plan.elementwise(
            &self.scheme.kernel(kernel, width),
            &constants,
            tensors,
            length,
        );
    }
}
