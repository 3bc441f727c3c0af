//! Backwards.

use super::{Mode, Recorder, Values};
use crate::gpu::{Direction, Plan, Tensor, Workload};
use crate::net::Layer;
use crate::net::fuse::Step;
use crate::ops::{Add, Points, Relu, Statistics, Write};

impl Recorder<'_> {
    /// Records the gradients of the parameters, from the values that [`forward`](Self::forward) gave in the same mode.
    pub(in crate::net) fn backward(&self, plan: &mut Plan, values: &Values, mode: Mode<'_>) {
        let value = |value: usize| values[value].as_ref().expect("a step gives it");
        // What says where a ReLU let something pass.
        let passed = mode.chosen().map_or(values, |chosen| &chosen.by);
        let passed = |value: usize| passed[value].as_ref().expect("a step gives it");
        let mut written = vec![false; self.gradients.len()];
        for &step in self.steps.iter().rev() {
            let node = &self.net.nodes[step.node];
            plan.layer(&node.name);
            let Some(dy) = &self.gradients[step.gives] else {
                continue;
            };
            if let Some(flow) = mode.flow() {
                flow.scale_gradient(plan, step.gives, dy);
            }
            // The last reader of a value, which is the first here, sets its gradient, and the others add theirs.
            let mut target = |value: usize| {
                let gradient = self.gradients[value].as_ref()?;
                let is_written = &mut written[self.net.origin(value)];
                let write = if *is_written { Write::Add } else { Write::Set };
                *is_written = true;
                Some((gradient, write))
            };
            match node.layer {
                // Its gradient is a view of what it reads.
                Layer::Flatten => {}
                Layer::Add { other } => {
                    for value in [node.reads, other] {
                        if let Some((dx, write)) = target(value) {
                            Add { length: dx.len() }.grad_input(plan, dy, dx, write);
                        }
                    }
                }
                Layer::BatchNorm => {
                    let [dscale, dshift] = self.arena.affine_gradients(&node.name);
                    let dother = step.adds.and_then(&mut target);
                    let dx = target(node.reads);
                    let inputs = [dy, passed(step.gives), value(node.reads)];
                    let [scale, _] = &self.arena.affine(&node.name);
                    let gradients = [&dscale, &dshift];
                    let norm = self.norm(step);
                    let running = self.arena.running(&node.name);
                    let statistics = if mode.goes_by_batch() {
                        Statistics::Batch(self.statistics(step, mode))
                    } else {
                        Statistics::Running(running.each_ref())
                    };
                    norm.backward(plan, inputs, statistics, scale, gradients, [dx, dother]);
                }
                Layer::Dropout { .. } if !mode.drops() => {
                    if let Some((dx, write)) = target(node.reads) {
                        Add { length: dx.len() }.grad_input(plan, dy, dx, write);
                    }
                }
                _ => {
                    let values = [value(node.reads), passed(step.gives)];
                    let points = &self.points(step.node, mode);
                    self.layer_backward(plan, step, values, dy, target(node.reads), points);
                }
            }
        }
    }

    /// A layer that reads one value.
    fn layer_backward(
        &self,
        plan: &mut Plan,
        step: Step,
        [x, y]: [&Tensor; 2],
        dy: &Tensor,
        dx: Option<(&Tensor, Write)>,
        points: &Points,
    ) {
        let node = &self.net.nodes[step.node];
        if let Layer::Conv2d { .. } | Layer::Linear { .. } = node.layer {
            let dw = self.arena.weight_gradient(&node.name);
            let dbias = self.arena.gradient(&node.name, "bias");
            let dbias = dbias.as_ref();
            let w = self.arena.weight(&node.name);
            if let Layer::Linear { .. } = node.layer {
                let linear = self.linear(node);
                plan.computes(Workload(linear.geometry(), Direction::Backward), |plan| {
                    linear.grad_weight(plan, [x, dy], &dw, dbias);
                    if let Some((dx, write)) = dx {
                        linear.grad_input(plan, [&w, dy], dx, write);
                    }
                });
            } else {
                let conv = self.conv2d(node);
                let workload = Workload(conv.geometry(), Direction::Backward);
                plan.computes(workload, |plan| match dx {
                    None => conv.grad_weight(plan, [x, dy], &dw, dbias),
                    Some(dx) => conv.backward(plan, [x, &w, dy], (&dw, dbias), dx, points),
                });
            }
            return;
        }
        let Some((dx, write)) = dx else { return };
        match node.layer {
            Layer::Relu => Relu { length: y.len() }.grad_input(plan, [y, dy], dx, write),
            Layer::MaxPool { .. } => {
                let pool = self.max_pool(node);
                pool.grad_input(plan, [dy, self.winner(step)], dx, write);
            }
            Layer::AvgPool { .. } | Layer::GlobalAvgPool => {
                let pool = self.avg_pool(node);
                pool.grad_input(plan, dy, dx, write);
            }
            Layer::Subsample { .. } => {
                let taken = self.subsample(node);
                taken.grad_input(plan, dy, dx, write);
            }
            Layer::Dropout { .. } => {
                let dropout = self.dropout(step);
                dropout.grad_input(plan, [dy, &self.params], dx, write);
            }
            Layer::Conv2d { .. }
            | Layer::Linear { .. }
            | Layer::BatchNorm
            | Layer::Add { .. }
            | Layer::Flatten => {
                unreachable!("these are no layers without weights that read one value")
            }
        }
    }
}
