//! The network that learns how long weights survive.

use crate::gpu::Choices;
use crate::net::{Layer, Net, Regression, Shape, compile_regression};
use crate::ops::Adam;

/// Rows at a time.
pub(super) const BATCH: u32 = 1024;

/// The authors' learning rate.
pub(super) const LEARNING_RATE: f32 = 0.01;

/// Decay of the first and of the second moment.
pub(super) const BETAS: [f32; 2] = [0.9, 0.999];

const ADAM: Adam = Adam {
    beta_2: BETAS[1],
    epsilon: 1e-8,
    weight_decay: 0.0,
};

/// Features between the two inputs, value and gradient, and the one output, the share of rounds that a weight survives.
const HIDDEN: [u32; 5] = [16, 64, 1024, 1024, 64];

/// Fully connected layers, with a batch norm and a ReLU between any two; no bias before a batch norm, which takes it away.
///
/// # Panics
/// Never: its layers fit each other.
pub fn network() -> Net {
    let mut net = Net::new("the regressor", Shape { h: 1, w: 1, c: 2 });
    let mut push = |name: String, layer: Layer| {
        net.push(&name, layer).expect("a row of features");
    };
    for (i, outputs) in (1..).zip(HIDDEN) {
        let bias = false;
        push(format!("fc{i}"), Layer::Linear { outputs, bias });
        push(format!("bn{i}"), Layer::BatchNorm);
        push(format!("relu{i}"), Layer::Relu);
    }
    let (outputs, bias) = (1, true);
    push("out".to_owned(), Layer::Linear { outputs, bias });
    net
}

/// Its plan for so many rows at a time.
pub fn compile(batch: u32, choices: impl Into<Choices>) -> Regression {
    compile_regression(&network(), batch, ADAM, choices)
}
