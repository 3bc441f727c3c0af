//! What a run needs where weights are ranked by a score that was learned from their values and gradients.

use super::arena::Arena;
use crate::gpu::{Plan, Tensor};
use crate::ops::{Add, Interpolate, Write};

/// Points of the grid of scores along each axis: so many that hardly a weight is kept or removed otherwise than by the score
/// itself, see `tests/autos.rs`, and so few that all of them together take a learned score less time than most networks' weights.
pub const NODES: u32 = 128;

/// Tensors of a learned score; and the phase `sum`, which adds the gradients of a batch to those of the batches before it.
#[derive(Debug, Clone)]
pub struct LearnedTensors {
    /// Sums of gradients, of all prunable parameters; the host sets them to 0 before the first batch.
    pub sums: Tensor,
    /// The points of the grid along both axes, values first.
    pub axes: Tensor,
    /// The score of each point, 2-dimensional, none below 0.
    pub table: Tensor,
}

impl LearnedTensors {
    pub(super) fn new(prunable: u32, plan: &mut Plan) -> Self {
        Self {
            sums: plan.tensor("gradient.sums", &[prunable]),
            axes: plan.tensor("score.axes", &[2, NODES]),
            table: plan.tensor("score.table", &[NODES, NODES]),
        }
    }

    pub(super) fn record_sum(&self, plan: &mut Plan, arena: &Arena) {
        plan.phase("sum");
        plan.layer("gradients");
        let length = self.sums.len();
        let gradients = arena.gradients.view(&arena.gradients.name, 0, &[length]);
        Add { length }.grad_input(plan, &gradients, &self.sums, Write::Add);
    }

    /// Keys of all prunable weights `w`.
    pub(super) fn record_keys(&self, plan: &mut Plan, w: &Tensor, keys: &Tensor) {
        let op = Interpolate {
            length: self.sums.len(),
            nodes: NODES,
        };
        op.record(plan, [w, &self.sums, &self.axes, &self.table], keys);
    }
}
