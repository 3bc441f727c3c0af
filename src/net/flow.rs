//! The phases that ask a network for its flow, beside `infer` and `backward-infer`.

use super::RunTensors;
use crate::gpu::{Plan, Tensor};
use crate::ops::{Flow, Prune};

/// What the flow of a network begins with. Phases: `flow-start` (all parameters lose their signs), `flow-image` (the image
/// is the scale everywhere), `flow-gradient` (so is the gradient of the output), `flow-end` (what the mask keeps gets its
/// sign back).
#[derive(Debug, Clone)]
pub struct FlowTensors {
    /// The parameters as they were.
    signed: Tensor,
    /// One number, which the host writes.
    pub scale: Tensor,
}

impl FlowTensors {
    pub(super) fn new(shape: &[u32], plan: &mut Plan) -> Self {
        Self {
            signed: plan.tensor("signed", shape),
            scale: plan.tensor("flow.scale", &[1]),
        }
    }

    pub(super) fn record_image(&self, plan: &mut Plan, tensors: &RunTensors, image: &Tensor) {
        let RunTensors { weights, mask, .. } = tensors;
        plan.phase("flow-start");
        plan.layer("parameters");
        Prune::copy(plan, mask, weights, &self.signed);
        let length = weights.len();
        Flow { length }.absolute(plan, weights);
        plan.phase("flow-end");
        plan.layer("parameters");
        Prune::copy(plan, mask, &self.signed, weights);
        plan.phase("flow-image");
        self.fill(plan, "image", image);
    }

    pub(super) fn record_gradient(&self, plan: &mut Plan, gradient: &Tensor) {
        plan.phase("flow-gradient");
        self.fill(plan, "output", gradient);
    }

    fn fill(&self, plan: &mut Plan, layer: &str, tensor: &Tensor) {
        plan.layer(layer);
        let length = tensor.len();
        Flow { length }.fill(plan, &self.scale, tensor);
    }
}
