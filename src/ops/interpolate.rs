//! What weights are ranked by where scores are given at the points of a grid.

use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

const KERNEL: Kernel = kernel!("interpolate", "score", "grid");

/// Writes a key for each of `length` weights, as [`Score`](super::Score) does: of the score that a grid over two numbers has
/// for its value and its gradient, interpolated between the four points around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interpolate {
    /// Weights.
    pub length: u32,
    /// Points along each axis, two at least.
    pub nodes: u32,
}

impl Interpolate {
    /// `keys` from `x` and `y`, `axes` (the points of x and then those of y, each rising) and `table`, which has the score of
    /// point j of x and k of y in row j and column k, no score below 0. Outside the grid the score is that of its edge.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry, or there are less than two points.
    pub fn record(&self, plan: &mut Plan, inputs: [&Tensor; 4], keys: &Tensor) {
        assert!(self.nodes > 1, "a grid has two points at least");
        let [x, y, axes, table] = inputs;
        for tensor in [x, y, keys] {
            tensor.expect_len(&[self.length]);
        }
        axes.expect_len(&[2, self.nodes]);
        table.expect_len(&[self.nodes, self.nodes]);
        let constants: [Constant; 2] =
            [("LENGTH", self.length.into()), ("NODES", self.nodes.into())];
        plan.elementwise(&KERNEL, &constants, &[x, y, axes, table, keys], self.length);
    }
}
