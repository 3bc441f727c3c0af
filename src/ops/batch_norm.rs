//! Batch norm (Ioffe and Szegedy 2015, algorithms 1 and 2), with the sum and the ReLU that may follow it.

use super::{Write, for_vectors, vector_width};
use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

const MOMENTS: Kernel = kernel!("batch_norm_moments", "grid", "batch_norm_slices");
const MERGE: Kernel = kernel!("batch_norm_merge", "grid", "batch_norm_slices");
const FORWARD: Kernel = kernel!("batch_norm_forward", "grid", "batch_norm_slices");
const GRAD_SUMS: Kernel = kernel!("batch_norm_grad_sums", "grid", "batch_norm_slices");
const GRAD_MERGE: Kernel = kernel!("batch_norm_grad_merge", "grid", "batch_norm_slices");
const GRAD_INPUT: Kernel = kernel!("batch_norm_grad_input", "grid", "batch_norm_slices");

/// Rows that one invocation walks through where it writes them: what it loads for a channel serves so many.
const ROWS_PER_INVOCATION: u32 = 8;

/// Rows of a slice from which another invocation is worth its part of the merging.
const LEAST_ROWS_OF_SLICE: u32 = 32;

/// Rows of a slice that no driver's loop is too short for, see [`LONGEST_SUM`](super::LONGEST_SUM).
const MOST_ROWS_OF_SLICE: u32 = 16_384;

/// Geometry of a batch norm: `x` and `y` are rows·C, where a row is a pixel of an image, or an image without extent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchNorm {
    /// N·H·W.
    pub rows: u32,
    /// Channels.
    pub c: u32,
    /// Whether a ReLU follows.
    pub relu: bool,
}

/// Mean and variance of each channel in a backward pass.
#[derive(Debug, Clone, Copy)]
pub enum Statistics<'a> {
    /// Those of the batch, which every input changes.
    Batch([&'a Tensor; 2]),
    /// Given ones, as where a network is asked and does not learn.
    Running([&'a Tensor; 2]),
}

impl BatchNorm {
    /// Added to the variance, as PyTorch does unless told otherwise.
    pub const EPSILON: f32 = 1e-5;
    /// The share of a new batch in the running statistics, as in PyTorch.
    pub const MOMENTUM: f32 = 0.1;

    /// `mean` and `variance` (over the rows, divided by their number) of each channel of `x`; and the `running` mean and
    /// variance take a tenth of them, the variance there divided by one less, as in PyTorch.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry, or there is one row only.
    pub fn statistics(
        &self,
        plan: &mut Plan,
        x: &Tensor,
        [mean, variance]: [&Tensor; 2],
        running: [&Tensor; 2],
    ) {
        assert!(self.rows > 1, "one row has no variance");
        x.expect_len(&[self.rows, self.c]);
        for tensor in [mean, variance, running[0], running[1]] {
            tensor.expect_len(&[self.c]);
        }
        let slice = self.slice(plan);
        let moments = plan.scratch("moments", &[self.rows.div_ceil(slice), 2, self.c]);
        self.record(plan, &MOMENTS, slice, &[], &[x, &moments]);
        let tensors = [&moments, mean, variance, running[0], running[1]];
        let constants = [("MOMENTUM", Self::MOMENTUM.into())];
        self.record_merge(plan, &MERGE, slice, &constants, &tensors);
    }

    /// `y = scale (x - mean) / sqrt(variance + EPSILON) + shift`, plus `added`, and 0 where that is below and a ReLU
    /// follows.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn forward(
        &self,
        plan: &mut Plan,
        x: &Tensor,
        [mean, variance]: [&Tensor; 2],
        [scale, shift]: [&Tensor; 2],
        added: Option<&Tensor>,
        y: &Tensor,
    ) {
        for tensor in [x, added.unwrap_or(x), y] {
            tensor.expect_len(&[self.rows, self.c]);
        }
        for tensor in [mean, variance, scale, shift] {
            tensor.expect_len(&[self.c]);
        }
        let constants = [
            ("EPSILON", Self::EPSILON.into()),
            ("HAS_ADDED", added.is_some().into()),
            ("RELU", self.relu.into()),
        ];
        let tensors = [x, mean, variance, scale, shift, added.unwrap_or(x), y];
        self.record(plan, &FORWARD, ROWS_PER_INVOCATION, &constants, &tensors);
    }

    /// From `dy`, `y` and `x`, with the `statistics` of the forward pass: `dscale`, `dshift`, and where they are asked for `dx`
    /// and the gradient of what was added. `y` is only read if a ReLU follows.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry.
    pub fn backward(
        &self,
        plan: &mut Plan,
        [dy, y, x]: [&Tensor; 3],
        statistics: Statistics<'_>,
        scale: &Tensor,
        [dscale, dshift]: [&Tensor; 2],
        [dx, dadded]: [Option<(&Tensor, Write)>; 2],
    ) {
        let (Statistics::Batch([mean, variance]) | Statistics::Running([mean, variance])) =
            statistics;
        let outputs = [dx, dadded].into_iter().flatten().map(|(tensor, _)| tensor);
        for tensor in [dy, y, x].into_iter().chain(outputs) {
            tensor.expect_len(&[self.rows, self.c]);
        }
        for tensor in [mean, variance, scale, dscale, dshift] {
            tensor.expect_len(&[self.c]);
        }
        let moves = matches!(statistics, Statistics::Batch(_));
        let slice = self.slice(plan);
        let epsilon = ("EPSILON", Self::EPSILON.into());
        let relu = ("RELU", self.relu.into());
        let sums = plan.scratch("sums", &[self.rows.div_ceil(slice), 2, self.c]);
        let tensors = [dy, y, x, mean, variance, &sums];
        self.record(plan, &GRAD_SUMS, slice, &[epsilon, relu], &tensors);
        let factors = plan.scratch("factors", &[4, self.c]);
        let tensors = [&sums, mean, variance, scale, dscale, dshift, &factors];
        let constants = [epsilon, ("STATISTICS_MOVE", moves.into())];
        self.record_merge(plan, &GRAD_MERGE, slice, &constants, &tensors);
        if dx.is_none() && dadded.is_none() {
            return;
        }
        let constants = [
            relu,
            ("HAS_DX", dx.is_some().into()),
            ("ADDS", adds(dx)),
            ("HAS_ADDED", dadded.is_some().into()),
            ("ADDS_ADDED", adds(dadded)),
        ];
        // Something must be bound to what nobody asked for, and no less than one value.
        let spares = [(); 2].map(|()| plan.scratch("unused", &[vector_width(self.c)]));
        let [dx, dadded] = [(dx, &spares[0]), (dadded, &spares[1])]
            .map(|(wanted, spare)| wanted.map_or(spare, |(tensor, _)| tensor));
        let tensors = [dy, y, x, &factors, dx, dadded];
        self.record(plan, &GRAD_INPUT, ROWS_PER_INVOCATION, &constants, &tensors);
    }

    /// Rows of the slices that they are cut into for sums over them: as many slices as keep the device busy.
    fn slice(&self, plan: &Plan) -> u32 {
        let vectors = self.c / vector_width(self.c);
        let wanted = plan.tuning.wanted_groups * plan.tuning.workgroup_size;
        let least = self.rows.div_ceil(MOST_ROWS_OF_SLICE);
        let most = self.rows / LEAST_ROWS_OF_SLICE;
        let slices = wanted.div_ceil(vectors).clamp(least, most.max(least));
        self.rows.div_ceil(slices)
    }

    /// One invocation for each vector of channels in each slice.
    fn record(
        &self,
        plan: &mut Plan,
        kernel: &Kernel,
        slice: u32,
        constants: &[Constant],
        tensors: &[&Tensor],
    ) {
        let width = vector_width(self.c);
        let vectors = self.c / width;
        let kernel = for_vectors(kernel, width, &[("Value", "f32"), ("Flag", "bool")]);
        let constants = self.constants(vectors, slice, constants);
        let slices = self.rows.div_ceil(slice);
        plan.elementwise(&kernel, &constants, tensors, vectors * slices);
    }

    /// One invocation for each channel.
    fn record_merge(
        &self,
        plan: &mut Plan,
        kernel: &Kernel,
        slice: u32,
        constants: &[Constant],
        tensors: &[&Tensor],
    ) {
        let constants = self.constants(self.c, slice, constants);
        plan.elementwise(kernel, &constants, tensors, self.c);
    }

    /// `own`, and what all kernels have; `c` counts channels, or vectors of them.
    fn constants(&self, c: u32, slice: u32, own: &[Constant]) -> Vec<Constant> {
        let shape = [("C", c), ("ROWS", self.rows), ("SLICE", slice)];
        [own, &shape.map(|(name, value)| (name, value.into()))].concat()
    }
}

/// The value of `override ADDS: bool` for what is written this way, if it is.
fn adds(output: Option<(&Tensor, Write)>) -> f64 {
    output.map_or(0.0, |(_, write)| write.constant().1)
}
