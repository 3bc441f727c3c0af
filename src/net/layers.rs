//! The layers of a network in both directions. The only place that knows the backward order.

use super::arena::Arena;
use super::{Layer, Net, Shape};
use crate::gpu::{Plan, Tensor};
use crate::ops::{Linear, Relu, Write};

/// Values of the network for one batch, their gradients, and the winners of the pools.
pub(super) struct Activations {
    pub(super) values: Vec<Tensor>,
    /// `None` for the image and what only reshapes it: nothing asks for those.
    pub(super) gradients: Vec<Option<Tensor>>,
    winners: Vec<Option<Tensor>>,
}

impl Activations {
    pub(super) fn new(net: &Net, batch: u32, plan: &mut Plan) -> Self {
        let shape = |Shape { h, w, c }: Shape| [batch, h, w, c];
        let mut values = vec![plan.tensor("image", &shape(net.input))];
        let mut gradients = vec![None];
        let mut winners = Vec::new();
        for node in &net.nodes {
            let (value, gradient) = if node.layer == Layer::Flatten {
                // N·H·W·C is a row of features already.
                let flat = |tensor: &Tensor, name: String| tensor.view(name, 0, &[tensor.len()]);
                let gradient = gradients[node.reads].as_ref();
                (
                    flat(&values[node.reads], node.name.clone()),
                    gradient.map(|gradient| flat(gradient, format!("{}.grad", node.name))),
                )
            } else {
                let shape = shape(node.shape);
                let gradient = plan.tensor(format!("{}.grad", node.name), &shape);
                (plan.tensor(&node.name, &shape), Some(gradient))
            };
            let is_pool = matches!(node.layer, Layer::MaxPool { .. });
            winners
                .push(is_pool.then(|| plan.tensor(format!("{}.winner", node.name), &value.shape)));
            values.push(value);
            gradients.push(gradient);
        }
        Self {
            values,
            gradients,
            winners,
        }
    }
}

pub(super) fn record_forward(
    plan: &mut Plan,
    net: &Net,
    batch: u32,
    arena: &Arena,
    activations: &Activations,
) {
    plan.phase("forward");
    for (i, node) in net.nodes.iter().enumerate() {
        plan.layer(&node.name);
        let (x, y) = (&activations.values[node.reads], &activations.values[i + 1]);
        let bias = arena.value(&node.name, "bias");
        match node.layer {
            Layer::Conv2d { .. } => {
                let conv = net.conv2d(node, batch).expect("a convolution");
                conv.forward(plan, [x, &arena.weight(&node.name)], bias.as_ref(), y);
            }
            Layer::Linear { outputs, .. } => {
                let linear = Linear {
                    n: batch,
                    c: net.shape(node.reads).c,
                    k: outputs,
                };
                linear.forward(plan, [x, &arena.weight(&node.name)], bias.as_ref(), y);
            }
            Layer::Relu => Relu { length: y.len() }.forward(plan, x, y),
            Layer::MaxPool { .. } => {
                let pool = net.max_pool(node, batch).expect("a pool");
                pool.forward(
                    plan,
                    x,
                    y,
                    activations.winners[i].as_ref().expect("a pool has winners"),
                );
            }
            Layer::Flatten => {}
        }
    }
}

pub(super) fn record_backward(
    plan: &mut Plan,
    net: &Net,
    batch: u32,
    arena: &Arena,
    activations: &Activations,
) {
    plan.phase("backward");
    for (i, node) in net.nodes.iter().enumerate().rev() {
        plan.layer(&node.name);
        let (x, y) = (&activations.values[node.reads], &activations.values[i + 1]);
        let dx = activations.gradients[node.reads].as_ref();
        let Some(dy) = &activations.gradients[i + 1] else {
            continue;
        };
        let dbias = arena.gradient(&node.name, "bias");
        match node.layer {
            Layer::Conv2d { .. } => {
                let conv = net.conv2d(node, batch).expect("a convolution");
                conv.grad_weight(
                    plan,
                    [x, dy],
                    &arena.weight_gradient(&node.name),
                    dbias.as_ref(),
                );
                if let Some(dx) = dx {
                    conv.grad_input(plan, [&arena.weight(&node.name), dy], dx, Write::Set);
                }
            }
            Layer::Linear { outputs, .. } => {
                let linear = Linear {
                    n: batch,
                    c: net.shape(node.reads).c,
                    k: outputs,
                };
                linear.grad_weight(
                    plan,
                    [x, dy],
                    &arena.weight_gradient(&node.name),
                    dbias.as_ref(),
                );
                if let Some(dx) = dx {
                    linear.grad_input(plan, [&arena.weight(&node.name), dy], dx, Write::Set);
                }
            }
            Layer::Relu => {
                if let Some(dx) = dx {
                    Relu { length: y.len() }.grad_input(plan, [y, dy], dx, Write::Set);
                }
            }
            Layer::MaxPool { .. } => {
                let pool = net.max_pool(node, batch).expect("a pool");
                let winner = activations.winners[i].as_ref().expect("a pool has winners");
                if let Some(dx) = dx {
                    pool.grad_input(plan, [dy, winner], dx, Write::Set);
                }
            }
            Layer::Flatten => {}
        }
    }
}
