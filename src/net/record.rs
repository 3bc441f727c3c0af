//! The layers of a network in both directions. The only place that knows the backward order.

use super::arena::Arena;
use super::fuse::{Step, steps};
use super::{Layer, Net, Node, Shape};
use crate::gpu::{Direction, Plan, Tensor, Workload};
use crate::ops::{Add, Points, Relu, Statistics, Write};

/// A network being recorded for batches of one size: its steps, and the values and gradients between them.
pub(super) struct Recorder<'a> {
    pub(super) net: &'a Net,
    arena: &'a Arena,
    pub(super) batch: u32,
    steps: Vec<Step>,
    /// One for each value, where a step gives it.
    values: Vec<Option<Tensor>>,
    /// One for each value; none for the image and what only reshapes it, as nothing asks for those.
    gradients: Vec<Option<Tensor>>,
    /// What forwards leaves for backwards, by node: the winners of a max pool, or mean and variance of a batch norm.
    saved: Vec<Vec<Tensor>>,
    /// And what convolutions leave, by node.
    points: Vec<Points>,
    /// Whether any could, if the plan is to keep it.
    pub(super) can_keep: bool,
    /// [`StepParams`](crate::ops::StepParams), for random numbers.
    params: Tensor,
}

/// What the steps of a network give, one for each value.
pub(super) type Values = Vec<Option<Tensor>>;

/// Whether a network learns from a batch, or is asked about it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Normalises by the batch, and drops elements.
    Train,
    /// Normalises by running statistics, and drops nothing.
    Infer,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(
        net: &'a Net,
        arena: &'a Arena,
        batch: u32,
        params: &Tensor,
        plan: &mut Plan,
    ) -> Self {
        let shape = |Shape { h, w, c }: Shape| [batch, h, w, c];
        let none = || vec![None; net.nodes.len() + 1];
        let (mut values, mut gradients) = (none(), none());
        values[0] = Some(plan.scratch("image", &shape(net.input)));
        let steps = steps(net);
        let answer = net.answer();
        let mut saved = vec![Vec::new(); net.nodes.len()];
        for &Step { node: i, gives, .. } in &steps {
            let node = &net.nodes[i];
            let name = &net.nodes[gives - 1].name;
            if node.layer == Layer::Flatten {
                // N·H·W·C is a row of features already.
                let flat = |tensor: &Tensor, name: String| tensor.view(name, 0, &[tensor.len()]);
                let reads = node.reads;
                values[gives] = values[reads]
                    .as_ref()
                    .map(|value| flat(value, name.clone()));
                gradients[gives] = (gradients[reads].as_ref())
                    .map(|gradient| flat(gradient, format!("{name}.grad")));
                continue;
            }
            let shape = shape(node.shape);
            values[gives] = Some(match gives == answer {
                // The host may read it.
                true => plan.tensor(name, &shape),
                false => plan.scratch(name, &shape),
            });
            gradients[gives] = Some(plan.scratch(format!("{name}.grad"), &shape));
            let mut save = |kind: &str, shape: &[u32]| {
                saved[i].push(plan.scratch(format!("{}.{kind}", node.name), shape));
            };
            match node.layer {
                Layer::MaxPool { .. } => save("winner", &shape),
                Layer::BatchNorm => {
                    save("mean", &[node.shape.c]);
                    save("variance", &[node.shape.c]);
                }
                _ => {}
            }
        }
        let mut recorder = Self {
            net,
            arena,
            batch,
            steps,
            values,
            gradients,
            saved,
            points: Vec::new(),
            can_keep: false,
            params: params.clone(),
        };
        for node in &net.nodes {
            let points = recorder.kept_points(plan, node);
            recorder.can_keep |= points.is_some();
            recorder.points.push(points.unwrap_or_default());
        }
        recorder
    }

    /// Room for what a convolution keeps, if both directions have a use for it.
    fn kept_points(&self, plan: &mut Plan, node: &Node) -> Option<Points> {
        let is_conv = matches!(node.layer, Layer::Conv2d { .. });
        if !is_conv || self.gradients[node.reads].is_none() {
            return None;
        }
        let conv = self.conv2d(node);
        let ways = [Direction::Forward, Direction::Backward];
        let ways = ways.map(|way| Workload(conv.geometry(), way));
        let is_winograd = |way| plan.computes(way, |plan| conv.is_winograd(plan.tuning));
        ways.into_iter()
            .all(is_winograd)
            .then(|| plan.computes(ways[0], |plan| conv.points(plan, &node.name)))
    }

    /// The images of a batch.
    pub(super) fn image(&self) -> &Tensor {
        self.value(0)
    }

    /// The output of the network where it is asked about a batch.
    pub(super) fn answer(&self) -> &Tensor {
        self.value(self.net.answer())
    }

    /// The gradient of the output of the network.
    pub(super) fn logits_gradient(&self) -> Option<&Tensor> {
        self.gradients[self.net.last()].as_ref()
    }

    fn value(&self, value: usize) -> &Tensor {
        self.values[value].as_ref().expect("a step gives it")
    }

    fn winner(&self, step: Step) -> &Tensor {
        self.saved[step.node].first().expect("a pool saves it")
    }

    /// The output of the network among these values.
    pub(super) fn output<'v>(&self, values: &'v Values) -> &'v Tensor {
        let last = values[self.net.last()].as_ref();
        last.expect("the last step gives it")
    }

    /// What a convolution keeps from forwards to backwards.
    fn points(&self, node: usize, mode: Mode) -> Points {
        match mode {
            Mode::Train => self.points[node].clone(),
            Mode::Infer => Points::default(),
        }
    }

    /// Records the layers, and gives their values.
    pub(super) fn forward(&self, plan: &mut Plan, mode: Mode) -> Values {
        let mut values = self.values.clone();
        for &step in &self.steps {
            let node = &self.net.nodes[step.node];
            plan.layer(&node.name);
            let x = values[node.reads].clone().expect("a step before gives it");
            if mode == Mode::Infer && matches!(node.layer, Layer::Dropout { .. }) {
                // What drops nothing is passed by: its readers read what it reads.
                values[step.gives] = Some(x);
                continue;
            }
            if node.layer == Layer::Flatten {
                values[step.gives] = Some(x.view(&node.name, 0, &[x.len()]));
                continue;
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
                    let norm = self.norm(step);
                    let running = self.arena.running(&node.name);
                    let statistics = match mode {
                        Mode::Train => {
                            let own = self.statistics(step);
                            norm.statistics(plan, x, own, [&running[0], &running[1]]);
                            own
                        }
                        Mode::Infer => [&running[0], &running[1]],
                    };
                    let added = step.adds.map(other);
                    norm.forward(
                        plan,
                        x,
                        statistics,
                        self.arena.affine(&node.name).each_ref(),
                        added,
                        y,
                    );
                }
                Layer::Relu => Relu { length: y.len() }.forward(plan, x, y),
                Layer::Add { other: value } => {
                    Add { length: y.len() }.forward(plan, [x, other(value)], y);
                }
                Layer::MaxPool { .. } => {
                    let pool = self.max_pool(node);
                    pool.forward(plan, x, y, self.winner(step));
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
        }
        values
    }

    /// Records the gradients of the parameters, from the values that [`forward`](Self::forward) gave in the same mode.
    pub(super) fn backward(&self, plan: &mut Plan, values: &Values, mode: Mode) {
        let value = |value: usize| values[value].as_ref().expect("a step gives it");
        let mut written = vec![false; self.gradients.len()];
        for &step in self.steps.iter().rev() {
            let node = &self.net.nodes[step.node];
            plan.layer(&node.name);
            let Some(dy) = &self.gradients[step.gives] else {
                continue;
            };
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
                    let inputs = [dy, value(step.gives), value(node.reads)];
                    let [scale, _] = &self.arena.affine(&node.name);
                    let gradients = [&dscale, &dshift];
                    let norm = self.norm(step);
                    let running = self.arena.running(&node.name);
                    let statistics = match mode {
                        Mode::Train => Statistics::Batch(self.statistics(step)),
                        Mode::Infer => Statistics::Running(running.each_ref()),
                    };
                    norm.backward(plan, inputs, statistics, scale, gradients, [dx, dother]);
                }
                Layer::Dropout { .. } if mode == Mode::Infer => {
                    if let Some((dx, write)) = target(node.reads) {
                        Add { length: dx.len() }.grad_input(plan, dy, dx, write);
                    }
                }
                _ => {
                    let values = [value(node.reads), value(step.gives)];
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

    fn statistics(&self, step: Step) -> [&Tensor; 2] {
        let [mean, variance] = &self.saved[step.node][..] else {
            unreachable!("a batch norm saves both");
        };
        [mean, variance]
    }
}
