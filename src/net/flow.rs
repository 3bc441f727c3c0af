//! The phases that ask a network for its flow, beside `infer` and `backward-infer`.

use super::{Role, RunTensors};
use crate::gpu::{Plan, Tensor};
use crate::ops::{Flow, Prune};

/// What the flow of a network begins with. Phases: `flow-start` (all parameters lose their signs), `flow-image` (the image
/// is the scale everywhere, and what is added to a layer's output has it for a factor), `flow-gradient` (so is the gradient of the output), `flow-end` (what the mask keeps gets its
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
        // Or the flow would not have the factor that the image has.
        for placed in &tensors.parameters {
            let own = &placed.tensor;
            if matches!(
                placed.parameter.role,
                Role::Bias | Role::Shift | Role::RunningMean
            ) {
                plan.layer(&placed.parameter.name);
                let signed = self.signed.view(&own.name, placed.first, &[own.len()]);
                let length = own.len();
                Flow { length }.scaled(plan, &self.scale, &signed, own);
            }
        }
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
