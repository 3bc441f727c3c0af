//! The layers of a network in both directions. The only place that knows the backward order.

use super::arena::Arena;
use super::{Layer, Net, Shape};
use crate::gpu::{Plan, Tensor};
use crate::ops::{Linear, Relu};

/// Values of the network for one batch, their gradients, and the winners of the pools.
pub(super) struct Activations {
    pub(super) values: Vec<Tensor>,
    pub(super) gradients: Vec<Tensor>,
    winners: Vec<Option<Tensor>>,
}

impl Activations {
    pub(super) fn new(net: &Net, batch: u32, plan: &mut Plan) -> Self {
        let shape = |Shape { h, w, c }: Shape| [batch, h, w, c];
        let mut values = vec![plan.tensor("image", &shape(net.input))];
        // Nothing reads the image's gradient; one element stands in for it.
        let mut gradients = vec![plan.tensor("image.grad", &[1])];
        let mut winners = Vec::new();
        for node in &net.nodes {
            let (value, gradient) = if node.layer == Layer::Flatten {
                // N·H·W·C is a row of features already.
                let flat = |tensor: &Tensor, name: String, len: u32| tensor.view(name, 0, &[len]);
                let read = &values[node.reads];
                let gradient = &gradients[node.reads];
                (
                    flat(read, node.name.clone(), read.len()),
                    flat(gradient, format!("{}.grad", node.name), gradient.len()),
                )
            } else {
                let shape = shape(node.shape);
                (
                    plan.tensor(&node.name, &shape),
                    plan.tensor(format!("{}.grad", node.name), &shape),
                )
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
        let (dx, dy) = (
            &activations.gradients[node.reads],
            &activations.gradients[i + 1],
        );
        // Below the first layer with weights nothing asks for a gradient.
        let wants_dx = dx.len() > 1;
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
                if wants_dx {
                    conv.grad_input(plan, [&arena.weight(&node.name), dy], dx);
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
                if wants_dx {
                    linear.grad_input(plan, [&arena.weight(&node.name), dy], dx);
                }
            }
            Layer::Relu => Relu { length: y.len() }.grad_input(plan, [y, dy], dx),
            Layer::MaxPool { .. } => {
                let pool = net.max_pool(node, batch).expect("a pool");
                pool.grad_input(
                    plan,
                    [
                        dy,
                        activations.winners[i].as_ref().expect("a pool has winners"),
                    ],
                    dx,
                );
            }
            Layer::Flatten => {}
        }
    }
}
