//! The phases that ask how the gradient changes along itself: a product of the Hessian and a vector by central differences,
//! in which ReLUs and max pools let pass what they do at the weights in the middle.
//!
//! Plain differences would cross their kinks, whose share does not vanish with the step; a second derivative has none of them.

use super::RunTensors;
use super::arena::Arena;
use super::record::{Mode, Recorder, Values};
use crate::gpu::{Plan, Tensor};
use crate::ops::{Add, Clip, Displace, Flow, Prune, Write};

/// What it is found with. Phases: `curvature-start` (weights are noted), `curvature-choose` (a batch forwards),
/// `curvature-direction` (and backwards: its gradient adds to the direction), `curvature-squares`, `curvature-ahead` and
/// `curvature-behind` (gradients of the batch that chose, with the weights moved either way), `curvature-end` (weights are
/// what they were).
#[derive(Debug, Clone)]
pub struct CurvatureTensors {
    /// All parameters as they were.
    base: Tensor,
    /// The gradient, of prunable weights; 0 at the start, as the next two are.
    pub direction: Tensor,
    /// Gradients, with weights moved along that.
    pub ahead: Tensor,
    /// And against it.
    pub behind: Tensor,
    /// How far weights move, ahead and behind.
    pub steps: Tensor,
    /// What outputs and their gradients are multiplied by, and a number that nobody reads.
    pub temperature: Tensor,
    /// Sums of squares of the weights and of the direction.
    pub squares: [Tensor; 2],
}

impl CurvatureTensors {
    pub(super) fn new(arena: &Arena, plan: &mut Plan) -> Self {
        let prunable = arena.prunable;
        let mut own = |name: &str, length: u32| plan.tensor(format!("curvature.{name}"), &[length]);
        Self {
            base: own("base", arena.weights.len()),
            direction: own("direction", prunable),
            ahead: own("ahead", prunable),
            behind: own("behind", prunable),
            steps: own("steps", 2),
            temperature: own("temperature", 2),
            squares: ["weights", "direction"].map(|name| own(name, Clip::slices(prunable))),
        }
    }

    /// All of the gradients that are summed up.
    pub fn sums(&self) -> [&Tensor; 3] {
        [&self.direction, &self.ahead, &self.behind]
    }

    /// `loss` records that of an output, with its gradient.
    pub(super) fn record(
        &self,
        plan: &mut Plan,
        (tensors, arena): (&RunTensors, &Arena),
        layers: &Recorder<'_>,
        loss: impl Fn(&mut Plan, &Tensor, &Tensor),
    ) {
        let RunTensors { weights, mask, .. } = tensors;
        let of_prunable = |tensor: &Tensor| tensor.view(&tensor.name, 0, &[arena.prunable]);
        let own_mask = mask.view(&mask.name, 0, &[arena.prunable / 32]);
        let copy = |plan: &mut Plan, phase, from, to| {
            plan.phase(phase);
            plan.layer("copy");
            Prune::copy(plan, mask, from, to);
        };
        let add = |plan: &mut Plan, sum: &Tensor| {
            plan.layer("sum");
            let length = sum.len();
            let gradients = of_prunable(&arena.gradients);
            Add { length }.grad_input(plan, &gradients, sum, Write::Add);
        };
        copy(plan, "curvature-start", weights, &self.base);
        plan.phase("curvature-choose");
        let values = layers.forward(plan, Mode::Choose);
        plan.phase("curvature-direction");
        self.backwards(plan, layers, (&values, Mode::Choose), &loss);
        add(plan, &self.direction);
        plan.phase("curvature-squares");
        plan.layer("squares");
        Prune::clear(plan, &own_mask, &self.direction);
        let summed = [&of_prunable(weights), &self.direction];
        for (x, sums) in summed.into_iter().zip(&self.squares) {
            Clip::squares(plan, [&own_mask, x], sums);
        }
        let chosen = layers.chosen(plan, values);
        for (phase, step, sum) in [
            ("curvature-ahead", 0, &self.ahead),
            ("curvature-behind", 1, &self.behind),
        ] {
            plan.phase(phase);
            plan.layer("weights");
            let length = arena.prunable;
            let inputs = [&of_prunable(&self.base), &self.direction, &self.steps];
            Displace { length, step }.record(plan, inputs, &of_prunable(weights));
            let values = layers.forward(plan, Mode::Chosen(&chosen));
            self.backwards(plan, layers, (&values, Mode::Chosen(&chosen)), &loss);
            add(plan, sum);
        }
        copy(plan, "curvature-end", &self.base, weights);
    }

    /// The gradient of the loss of these values, outputs divided by the temperature.
    fn backwards(
        &self,
        plan: &mut Plan,
        layers: &Recorder<'_>,
        (values, mode): (&Values, Mode<'_>),
        loss: &impl Fn(&mut Plan, &Tensor, &Tensor),
    ) {
        let Some(gradient) = layers.logits_gradient() else {
            return;
        };
        let output = layers.output(values);
        plan.layer("loss");
        let length = output.len();
        Flow { length }.rescale(plan, &self.temperature, output);
        loss(plan, output, gradient);
        Flow { length }.rescale(plan, &self.temperature, gradient);
        layers.backward(plan, values, mode);
    }
}
