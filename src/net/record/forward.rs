//! Forwards.

use super::{Chosen, Mode, Recorder, Values};
use crate::gpu::{Direction, Plan, Tensor, Workload};
use crate::net::Layer;
use crate::net::fuse::Step;
use crate::ops::{Add, BatchNorm, Relu, Write};

impl Recorder<'_> {
    /// Records the layers, and gives their values.
    pub(in crate::net) fn forward(&self, plan: &mut Plan, mode: Mode<'_>) -> Values {
        let mut values = match mode {
            Mode::Chosen(chosen) => chosen.values.clone(),
            _ => self.values.clone(),
        };
        for &step in &self.steps {
            let node = &self.net.nodes[step.node];
            plan.layer(&node.name);
            let x = values[node.reads].clone().expect("a step before gives it");
            if !mode.drops() && matches!(node.layer, Layer::Dropout { .. }) {
                // What drops nothing is passed by: its readers read what it reads.
                values[step.gives] = Some(x);
                continue;
            }
            if node.layer == Layer::Flatten {
                values[step.gives] = Some(x.view(&node.name, 0, &[x.len()]));
                continue;
            }
            if let Some(flow) = mode.flow() {
                for (start, added) in self.arena.added(&node.name) {
                    flow.scale_added(plan, node.reads, start, &added);
                }
            }
            let x = &x;
            let y = &values[step.gives].clone().expect("the step gives it");
            let other = |value: usize| values[value].as_ref().expect("a step before gives it");
            match node.layer {
                Layer::Conv2d { .. } => {
                    let conv = self.conv2d(node);
                    let bias = self.arena.value(&node.name, "bias");
                    let points = &self.points(step.node, mode);
                    let weight = self.arena.weight(&node.name);
                    plan.computes(Workload(conv.geometry(), Direction::Forward), |plan| {
                        conv.forward_keeping(plan, [x, &weight], bias.as_ref(), y, points);
                    });
                }
                Layer::Linear { .. } => {
                    let bias = self.arena.value(&node.name, "bias");
                    let weight = self.arena.weight(&node.name);
                    let linear = self.linear(node);
                    plan.computes(Workload(linear.geometry(), Direction::Forward), |plan| {
                        linear.forward(plan, [x, &weight], bias.as_ref(), y);
                    });
                }
                Layer::BatchNorm => {
                    let added = step.adds.map(other);
                    self.norm_forward(plan, step, mode, x, added, y);
                }
                Layer::Relu => match mode.chosen() {
                    Some(chosen) => chosen.relu(plan, step.gives, x, y),
                    None => Relu { length: y.len() }.forward(plan, x, y),
                },
                Layer::Add { other: value } => {
                    Add { length: y.len() }.forward(plan, [x, other(value)], y);
                }
                Layer::MaxPool { .. } => {
                    let pool = self.max_pool(node);
                    let winner = self.winner(step);
                    match mode.chosen() {
                        Some(_) => pool.taken(plan, [x, winner], y),
                        None => pool.forward(plan, x, y, winner),
                    }
                }
                Layer::AvgPool { .. } | Layer::GlobalAvgPool => {
                    let pool = self.avg_pool(node);
                    pool.forward(plan, x, y);
                }
                Layer::Dropout { .. } => {
                    self.dropout(step).forward(plan, [x, &self.params], y);
                }
                Layer::Subsample { .. } => {
                    let taken = self.subsample(node);
                    taken.forward(plan, x, y);
                }
                Layer::Flatten => {}
            }
            if let Some(flow) = mode.flow() {
                flow.scale_value(plan, step.gives, y);
            }
        }
        values
    }

    fn norm_forward(
        &self,
        plan: &mut Plan,
        step: Step,
        mode: Mode<'_>,
        x: &Tensor,
        added: Option<&Tensor>,
        y: &Tensor,
    ) {
        let name = &self.net.nodes[step.node].name;
        let norm = self.norm(step);
        let running = self.arena.running(name);
        let statistics = if mode.goes_by_batch() {
            let own = self.statistics(step, mode);
            norm.statistics(plan, x, own, running.each_ref());
            own
        } else {
            running.each_ref()
        };
        let affine = self.arena.affine(name);
        match mode.chosen().filter(|_| norm.relu) {
            Some(chosen) => {
                let linear = &plan.scratch(format!("{name}.linear"), &y.shape);
                let norm = BatchNorm {
                    relu: false,
                    ..norm
                };
                norm.forward(plan, x, statistics, affine.each_ref(), added, linear);
                chosen.relu(plan, step.gives, linear, y);
            }
            None => norm.forward(plan, x, statistics, affine.each_ref(), added, y),
        }
    }
}

impl Chosen {
    /// Lets pass to `y` what of `x` was let pass before.
    fn relu(&self, plan: &mut Plan, gives: usize, x: &Tensor, y: &Tensor) {
        // The same as backwards: what was above 0 then says where.
        let before = self.by[gives].as_ref().expect("a step gives it");
        Relu { length: y.len() }.grad_input(plan, [before, x], y, Write::Set);
    }
}
