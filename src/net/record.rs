//! The layers of a network in both directions. The only place that knows the backward order.

mod backward;
mod forward;
mod mode;

use super::arena::Arena;
use super::fuse::{Step, steps};
use super::{Layer, Net, Node, Shape};
use crate::gpu::{Direction, Plan, Tensor, Workload};
use crate::ops::Points;
pub(super) use mode::{Chosen, Mode};

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
    fn points(&self, node: usize, mode: Mode<'_>) -> Points {
        match mode {
            Mode::Train => self.points[node].clone(),
            _ => Points::default(),
        }
    }

    /// Room for passes that let pass what the one of these values did.
    pub(super) fn chosen(&self, plan: &mut Plan, by: Values) -> Chosen {
        let mut copies = |tensors: &[Tensor]| -> Vec<Tensor> {
            let copy = |own: &Tensor| plan.scratch(format!("{}.moved", own.name), &own.shape);
            tensors.iter().map(copy).collect()
        };
        let norms = self.net.nodes.iter().zip(&self.saved);
        let saved = norms
            .map(|(node, saved)| match node.layer {
                Layer::BatchNorm => copies(saved),
                _ => Vec::new(),
            })
            .collect();
        let mut values = vec![None; by.len()];
        values[0].clone_from(&by[0]);
        for step in &self.steps {
            if self.net.nodes[step.node].layer != Layer::Flatten {
                let own = by[step.gives].iter().cloned();
                values[step.gives] = copies(&own.collect::<Vec<_>>()).pop();
            }
        }
        Chosen { by, values, saved }
    }

    /// Mean and variance of the batch that a batch norm goes by.
    fn statistics<'t>(&'t self, step: Step, mode: Mode<'t>) -> [&'t Tensor; 2] {
        let saved = match mode {
            Mode::Chosen(chosen) => &chosen.saved,
            _ => &self.saved,
        };
        let [mean, variance] = &saved[step.node][..] else {
            unreachable!("a batch norm saves both");
        };
        [mean, variance]
    }
}
