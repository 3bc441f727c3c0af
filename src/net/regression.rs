//! The plan of a regression: a network of one output that learns numbers, from rows that the host writes.

use super::arena::{Arena, Placed};
use super::record::{Mode, Recorder};
use super::{Net, RECORDS};
use crate::gpu::{Choices, Plan, Tensor};
use crate::ops::{Adam, Add, Metrics, Record, SquaredError, StepParams, UpdateTensors, Write};

/// A regression being recorded: its plan and its tensors.
///
/// Phases: `gather` (the rows that the host wrote become the network's input), `forward` (as it trains), `infer` (as it is
/// used), `loss` and `evaluate` (the squared error of what the one or the other gives, into the records), `backward` (of
/// `forward`) and `update`.
#[derive(Debug, Clone)]
pub struct Regression {
    /// All phases.
    pub plan: Plan,
    /// What the host knows by name.
    pub tensors: RegressionTensors,
}

/// The tensors of a regression that the host writes or reads.
#[derive(Debug, Clone)]
pub struct RegressionTensors {
    /// In PyTorch's order.
    pub parameters: Vec<Placed>,
    /// Rows of a batch, N·C.
    pub inputs: Tensor,
    /// What the network shall give for each row.
    pub targets: Tensor,
    /// What `infer` gives for each row.
    pub outputs: Tensor,
    /// [`StepParams`].
    pub step: Tensor,
    /// [`Record`]s, [`RECORDS`] rows, of which the hits mean nothing.
    pub records: Tensor,
    /// All parameters.
    pub weights: Tensor,
    /// What Adam keeps of each, 0 at the start.
    pub moments: [Tensor; 2],
    /// A bit for each parameter, which the host sets.
    pub mask: Tensor,
}

/// Records a regression by `net` on batches of so many rows, with these kernels.
///
/// # Panics
/// If the network gives more than one number.
pub fn compile_regression(
    net: &Net,
    batch: u32,
    adam: Adam,
    choices: impl Into<Choices>,
) -> Regression {
    assert_eq!(net.classes(), 1, "outputs of {}", net.name);
    let mut plan = Plan::new(choices);
    let arena = Arena::new(net, &mut plan);
    let step = plan.tensor("step", &[StepParams::LEN]);
    let layers = Recorder::new(net, &arena, batch, &step, &mut plan);
    let gradient = layers.logits_gradient().expect("a network has a layer");
    let all = arena.weights.len();
    let tensors = RegressionTensors {
        parameters: arena.parameters.clone(),
        inputs: plan.tensor("inputs", &[batch, net.input.len()]),
        targets: plan.tensor("targets", &[batch]),
        outputs: layers.answer().clone(),
        records: plan.tensor("records", &[RECORDS, Record::LEN]),
        weights: arena.weights.clone(),
        moments: ["moment1", "moment2"].map(|name| plan.tensor(name, &[all])),
        mask: plan.tensor("mask", &[all / 32]),
        step,
    };
    plan.phase("gather");
    plan.layer("rows");
    let length = tensors.inputs.len();
    Add { length }.grad_input(&mut plan, &tensors.inputs, layers.image(), Write::Set);
    plan.phase("forward");
    let trained = layers.forward(&mut plan, Mode::Train);
    plan.phase("infer");
    let inferred = layers.forward(&mut plan, Mode::Infer);
    let loss = plan.scratch("loss", &[batch]);
    // Nothing ever sets it: a number is neither hit nor missed.
    let hit = plan.tensor("hit", &[batch]);
    for (phase, values) in [("loss", &trained), ("evaluate", &inferred)] {
        plan.phase(phase);
        plan.layer(phase);
        let inputs = [layers.output(values), &tensors.targets, &tensors.step];
        SquaredError { n: batch }.record(&mut plan, inputs, [&loss, gradient]);
        Metrics { n: batch }.record(&mut plan, [&loss, &hit, &tensors.step], &tensors.records);
    }
    plan.phase("backward");
    layers.backward(&mut plan, &trained, Mode::Train);
    plan.phase("update");
    plan.layer("parameters");
    let [first, second] = tensors
        .moments
        .each_ref()
        .map(|moment| arena.trained(moment));
    let update = UpdateTensors {
        w: &arena.trained(&tensors.weights),
        dw: &arena.trained(&arena.gradients),
        mask: &arena.trained_mask(&tensors.mask),
        step: &tensors.step,
        records: &tensors.records,
    };
    adam.record(&mut plan, update, [&first, &second]);
    Regression { plan, tensors }
}
