//! Which nodes are computed in one go: a batch norm takes the sum and the ReLU behind it along, as each of them alone
//! would be one more pass over the activations.

use super::{Layer, Net};

/// A node with what is computed in one go with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Position of the node.
    pub(super) node: usize,
    /// The value that it gives, counted as [`Node::reads`](super::Node::reads).
    pub(super) gives: usize,
    /// The value that it adds, if it is a batch norm with a sum behind it.
    pub(super) adds: Option<usize>,
    /// Whether it is a batch norm with a ReLU behind all that.
    pub(super) relu: bool,
}

/// All nodes of `net` in order, each once. Values that only a step itself reads are given by none.
pub(super) fn steps(net: &Net) -> Vec<Step> {
    let mut readers = vec![Vec::new(); net.nodes.len() + 1];
    for (i, node) in net.nodes.iter().enumerate() {
        for value in node.all_reads() {
            readers[value].push(i);
        }
    }
    let only_reader = |value: usize| match readers[value][..] {
        [one] => Some(one),
        _ => None,
    };
    let mut taken = vec![false; net.nodes.len()];
    let mut steps = Vec::new();
    for (i, node) in net.nodes.iter().enumerate() {
        if taken[i] {
            continue;
        }
        let mut step = Step {
            node: i,
            gives: i + 1,
            adds: None,
            relu: false,
        };
        if node.layer == Layer::BatchNorm {
            if let Some(j) = only_reader(step.gives)
                && let Layer::Add { other } = net.nodes[j].layer
            {
                let rest = if net.nodes[j].reads == step.gives {
                    other
                } else {
                    net.nodes[j].reads
                };
                // Only what is there before can be added; and not what is normalised, as both parts of its gradient would
                // be written at once.
                if rest < step.gives && net.origin(rest) != net.origin(node.reads) {
                    (step.adds, step.gives, taken[j]) = (Some(rest), j + 1, true);
                }
            }
            if let Some(j) = only_reader(step.gives)
                && net.nodes[j].layer == Layer::Relu
            {
                (step.relu, step.gives, taken[j]) = (true, j + 1, true);
            }
        }
        steps.push(step);
    }
    steps
}
