//! The phases that ask a network for its flow.

use super::fuse::steps;
use super::{Layer, Net, Node, RunTensors};
use crate::gpu::{Plan, Tensor};
use crate::ops::{Flow, Prune};

/// What the flow of a network is found with. Phases: `flow-start` (all parameters lose their signs), `flow-forward` (from an
/// image of ones), `flow-backward` (from a gradient of ones), `flow-end` (what the mask keeps gets its sign back).
///
/// Between layers, where nothing else passes by, the flow is scaled by a power of two, and so is what is added to it from
/// there on: all of it has one factor then, which changes no rank, and no depth exceeds the range of numbers.
#[derive(Debug, Clone)]
pub struct FlowTensors {
    /// The parameters as they were.
    signed: Tensor,
    /// Factors before the first place, both 1.
    first: Tensor,
    /// Values that the flow is scaled at, in order, and their factors.
    places: Vec<(usize, Tensor)>,
}

impl FlowTensors {
    pub(super) fn new(net: &Net, shape: &[u32], plan: &mut Plan) -> Self {
        let places = places(net).into_iter();
        Self {
            signed: plan.tensor("signed", shape),
            first: plan.tensor("flow.first", &[2]),
            places: places
                .map(|value| (value, plan.tensor(format!("flow.{value}"), &[2])))
                .collect(),
        }
    }

    /// The beginning of the flow: parameters and image.
    pub(super) fn record_start(&self, plan: &mut Plan, tensors: &RunTensors, image: &Tensor) {
        let RunTensors { weights, mask, .. } = tensors;
        plan.phase("flow-end");
        plan.layer("parameters");
        Prune::copy(plan, mask, &self.signed, weights);
        plan.phase("flow-start");
        plan.layer("parameters");
        Prune::copy(plan, mask, weights, &self.signed);
        let length = weights.len();
        Flow { length }.absolute(plan, weights);
        plan.phase("flow-forward");
        plan.layer("image");
        for ones in [&self.first, image] {
            let length = ones.len();
            Flow { length }.fill(plan, ones);
        }
    }

    /// Gives what is added after the value `reads`, which lies from `start` on, the factor of the flow there.
    pub(super) fn scale_added(&self, plan: &mut Plan, reads: usize, start: u32, own: &Tensor) {
        let before = self.places.iter().rev().find(|(value, _)| *value <= reads);
        let Some((_, factors)) = before else { return };
        let signed = self.signed.view(&own.name, start, &[own.len()]);
        let length = own.len();
        Flow { length }.scaled(plan, factors, &signed, own);
    }

    /// Scales the flow at this value, whose images are all alike, if that is such a place.
    pub(super) fn scale_value(&self, plan: &mut Plan, value: usize, tensor: &Tensor) {
        let Some(at) = self.places.iter().position(|(place, _)| *place == value) else {
            return;
        };
        let own = &self.places[at].1;
        let before = at
            .checked_sub(1)
            .map_or(&self.first, |at| &self.places[at].1);
        let length = tensor.len();
        Flow { length }.factor(plan, tensor, [before, own]);
        Flow { length }.rescale(plan, own, tensor);
    }

    /// Does the same to the gradient of this value.
    pub(super) fn scale_gradient(&self, plan: &mut Plan, value: usize, tensor: &Tensor) {
        if let Some((_, own)) = self.places.iter().find(|(place, _)| *place == value) {
            let length = tensor.len();
            Flow { length }.rescale(plan, own, tensor);
        }
    }
}

/// What batch norms, sums and ReLUs give where nothing passes by: no layer behind reads what lies before.
fn places(net: &Net) -> Vec<usize> {
    let is_kind = |node: usize| {
        let layer = &net.nodes[node].layer;
        matches!(layer, Layer::BatchNorm | Layer::Add { .. } | Layer::Relu)
    };
    let is_alone = |value: usize| {
        let behind = net.nodes[value..].iter().flat_map(Node::all_reads);
        behind.min().is_some_and(|earliest| earliest >= value)
    };
    let steps = steps(net).into_iter();
    steps
        .filter(|step| is_kind(step.node) && is_alone(step.gives))
        .map(|step| step.gives)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::by_name;
    use super::*;

    fn names(model: &str) -> Vec<String> {
        let input = super::super::model(model).expect("it is there").input;
        let net = by_name(model, input, 10).expect("it can be built");
        let name = |value: usize| net.nodes[value - 1].name.clone();
        places(&net).into_iter().map(name).collect()
    }

    #[test]
    fn a_flow_is_scaled_where_nothing_passes_by() {
        assert_eq!(names("lenet-300-100"), ["relu1", "relu2"]);
        let of_resnet = names("resnet-20-free");
        assert_eq!(of_resnet[0], "relu");
        assert_eq!(
            of_resnet.len(),
            10,
            "the stem and nine blocks: {of_resnet:?}"
        );
    }
}
