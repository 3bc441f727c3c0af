//! From a network and a batch size to one recorded plan.

use super::arena::{Arena, Placed};
use super::batch::{RetouchTensors, record_gathers};
use super::curvature::CurvatureTensors;
use super::flow::FlowTensors;
use super::learned::LearnedTensors;
use super::mask::Masks;
use super::record::{Mode, Recorder};
use super::{Net, Parameter, Structure};
use crate::gpu::{Choices, Plan, Tensor};
use crate::ops::{
    Adam, Affine, Augment, Clip, ColorJitter, Criterion, CrossEntropy, Evidence, Flow, GatherBatch,
    Growth, Metrics, RandomErasing, Record, Sgd, StepParams, UpdateTensors,
};

/// Rows of the metrics table.
pub const RECORDS: u32 = 512;

/// The name of the weights that a rewinding goes back to.
const REMEMBERED: &str = "remembered";

/// The update rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimiser {
    /// Momentum and weight decay.
    Sgd(Sgd),
    /// Adaptive moments.
    Adam(Adam),
}

/// What a plan depends on beside the network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Rows of a batch.
    pub batch: u32,
    /// Images of the training files, validation images included.
    pub train_images: u32,
    /// Images of the test set.
    pub test_images: u32,
    /// Update rule.
    pub optimiser: Optimiser,
    /// What becomes of large gradients.
    pub clip: Option<Clip>,
    /// Label smoothing of the training loss.
    pub smoothing: f32,
    /// Augmentation of training images: where their pixels come from.
    pub augment: Augment,
    /// And of their colours.
    pub jitter: ColorJitter,
    /// And what of them is erased.
    pub erasing: RandomErasing,
    /// What weights are ranked by where some are removed.
    pub criterion: Criterion,
    /// Whether the weights with the highest scores go, and not those with the lowest.
    pub inverts: bool,
    /// What is removed together; filters go by their magnitudes, whatever the criterion.
    pub structure: Structure,
    /// Rank each prunable tensor by itself instead of all of them together.
    pub per_layer: bool,
    /// Where all are ranked together, let each keep a weight.
    pub protect: bool,
    /// Whether a run may begin with a random mask.
    pub sparse_start: bool,
    /// What grows back where a mask moves.
    pub growth: Growth,
    /// Whether weights are noted, as they may go back to what they were or are ranked by how far from it they are.
    pub remembers: bool,
}

/// The plan of a run, and the tensors that the host writes or reads.
///
/// Phases: `gather` (training images), `gather-plain` (the same without augmentation), `gather-test`, `forward` (as it
/// trains), `infer` (as it is used: running statistics, nothing dropped), `loss`, `evaluate` (the loss without smoothing),
/// `backward` (of `forward`), `backward-infer` (of `infer`, where the criterion asks for its gradients), `update`, `sparsify`
/// (where a run may begin with a random mask), `prune`, `regrow` (where anything grows back), `remember` and `rewind`
/// (where weights are noted as they were); and those of a flow, of a curvature and of a learned score, see
/// [`FlowTensors`], [`CurvatureTensors`] and [`LearnedTensors`].
#[derive(Debug, Clone)]
pub struct Compiled {
    /// All phases.
    pub plan: Plan,
    /// What the host knows by name.
    pub tensors: RunTensors,
    /// Whether a layer has something that [`Tuning::kept`](crate::gpu::Tuning::kept) could keep. If not, that changes nothing.
    pub can_keep: bool,
}

/// Position of the training set in [`RunTensors`].
pub const TRAIN: usize = 0;
/// Position of the test set in [`RunTensors`].
pub const TEST: usize = 1;

/// The tensors of a run that the host writes or reads.
#[derive(Debug, Clone)]
pub struct RunTensors {
    /// In PyTorch's order.
    pub parameters: Vec<Placed>,
    /// Bytes of the training images and of the test images, in shards as [`GatherBatch::record`] takes them.
    pub images: [Vec<Tensor>; 2],
    /// Labels of the training images and of the test images.
    pub labels: [Tensor; 2],
    /// Samples in the order in which batches take them.
    pub order: Tensor,
    /// Factors and offsets of the normalisation.
    pub scale: Tensor,
    /// Angles of the augmentation.
    pub turns: Tensor,
    /// Tables of what changes the colours of training images, if anything does.
    pub retouch: Option<RetouchTensors>,
    /// [`StepParams`].
    pub step: Tensor,
    /// `records`, then `kept`: all that the host reads while it trains, in one piece.
    pub metrics: Tensor,
    /// [`Record`]s, [`RECORDS`] rows.
    pub records: Tensor,
    /// What `infer` gives, N·classes.
    pub logits: Tensor,
    /// All parameters.
    pub weights: Tensor,
    /// Velocity, or the two moments of Adam, 0 at the start; and last, if they are noted, weights as they were: see
    /// [`remembered`](Self::remembered).
    pub state: Vec<Tensor>,
    /// One bit for each element of `weights`; padding is 0.
    pub mask: Tensor,
    /// What it was when it was last counted; set by the host with the mask.
    pub mask_before: Tensor,
    /// `kept`, and then how many weights of each prunable tensor the mask has that it had not then.
    pub counts: Tensor,
    /// How many weights, or filters where these are removed as wholes, each segment shall keep: one for the network, or one for
    /// each prunable tensor.
    pub keep: Tensor,
    /// How many weights of each prunable tensor `sparsify` leaves or `regrow` does not drop, and then how many of each grow.
    pub layer_counts: Tensor,
    /// How many weights of each prunable tensor the mask keeps; set by the host with the mask, then by `prune`.
    pub kept: Tensor,
    /// 0 at the start.
    pub histogram: Tensor,
    /// What the phases of a flow begin with, if the criterion asks for one.
    pub flow: Option<FlowTensors>,
    /// What a curvature is found with, if the criterion asks for one.
    pub curvature: Option<CurvatureTensors>,
    /// Position, counted from 1, of a weight whose score is not finite, or 0.
    pub fault: Tensor,
    /// What a learned score is found by, if that is the criterion.
    pub learned: Option<LearnedTensors>,
}

/// Records a training run of `net`, with these kernels.
///
/// # Panics
/// If the output of a layer, other than the last, is read by none: backwards would find no gradient there.
pub fn compile(net: &Net, settings: &Settings, choices: impl Into<Choices>) -> Compiled {
    assert_read(net);
    let mut plan = Plan::new(choices);
    let arena = Arena::new(net, &mut plan);
    let step = plan.tensor("step", &[StepParams::LEN]);
    let labels = plan.scratch("labels", &[settings.batch]);
    let layers = Recorder::new(net, &arena, settings.batch, &step, &mut plan);
    let tensors = RunTensors::new(net, settings, &arena, [&step, layers.answer()], &mut plan);
    record_gathers(
        &mut plan,
        net,
        settings,
        &tensors,
        [layers.image(), &labels],
    );
    plan.phase("forward");
    let trained = layers.forward(&mut plan, Mode::Train);
    plan.phase("infer");
    let inferred = layers.forward(&mut plan, Mode::Infer);
    let [trained_output, inferred_output] =
        [&trained, &inferred].map(|values| layers.output(values));
    assert_eq!(
        inferred_output.place(),
        tensors.logits.place(),
        "one answer"
    );
    if let Some(gradient) = layers.logits_gradient() {
        for (phase, smoothing, logits) in [
            ("loss", settings.smoothing, trained_output),
            ("evaluate", 0.0, inferred_output),
        ] {
            plan.phase(phase);
            plan.layer(phase);
            record_loss(&mut plan, &tensors, smoothing, [logits, &labels, gradient]);
        }
    }
    plan.phase("backward");
    layers.backward(&mut plan, &trained, Mode::Train);
    if matches!(
        settings.criterion.evidence(),
        Evidence::Batch | Evidence::Epoch
    ) {
        plan.phase("backward-infer");
        layers.backward(&mut plan, &inferred, Mode::Infer);
    }
    if let (Some(flow), Some(gradient)) = (&tensors.flow, layers.logits_gradient()) {
        flow.record_start(&mut plan, &tensors, layers.image());
        let values = layers.forward(&mut plan, Mode::Flow(flow));
        plan.phase("flow-backward");
        plan.layer("output");
        let length = gradient.len();
        Flow { length }.fill(&mut plan, gradient);
        layers.backward(&mut plan, &values, Mode::Flow(flow));
    }
    if let Some(learned) = &tensors.learned {
        learned.record_sum(&mut plan, &arena);
    }
    if let Some(curvature) = &tensors.curvature {
        curvature.record(
            &mut plan,
            (&tensors, &arena),
            &layers,
            |plan, output, gradient| {
                record_loss(plan, &tensors, 0.0, [output, &labels, gradient]);
            },
        );
    }
    record_update(&mut plan, settings, &tensors, &arena);
    Masks::new(settings, &tensors, &arena, &mut plan).record(&mut plan);
    Compiled {
        can_keep: layers.can_keep,
        plan,
        tensors,
    }
}

fn assert_read(net: &Net) {
    if let Some(node) = net.unread() {
        panic!("{} of {} is read by no layer", node.name, net.name);
    }
}

impl RunTensors {
    /// Bytes of the images that lie on the device.
    pub fn image_bytes(&self) -> u64 {
        self.images.iter().flatten().map(Tensor::bytes).sum()
    }

    /// What the optimiser keeps.
    pub fn moments(&self) -> impl Iterator<Item = &Tensor> {
        self.state.iter().filter(|tensor| tensor.name != REMEMBERED)
    }

    /// The weights that a rewinding goes back to, or that others have moved from.
    pub fn remembered(&self) -> Option<&Tensor> {
        self.state.iter().find(|tensor| tensor.name == REMEMBERED)
    }

    /// Parameters that pruning may remove elements of, in PyTorch's order.
    pub fn prunable(&self) -> impl Iterator<Item = &Parameter> {
        let parameters = self.parameters.iter().map(|placed| &placed.parameter);
        parameters.filter(|parameter| parameter.is_prunable())
    }

    fn new(
        net: &Net,
        settings: &Settings,
        arena: &Arena,
        [step, logits]: [&Tensor; 2],
        plan: &mut Plan,
    ) -> Self {
        let sets = [
            ("train", settings.train_images),
            ("test", settings.test_images),
        ];
        let image = net.input.len();
        let shard = GatherBatch::shard_images(image);
        let prunable = arena.prunable_ranges().len();
        let prunable = u32::try_from(prunable).expect("fewer tensors than weights");
        let segments = if settings.per_layer { prunable } else { 1 };
        let mut state = match settings.optimiser {
            Optimiser::Sgd(_) => vec!["velocity"],
            Optimiser::Adam(_) => vec!["moment1", "moment2"],
        };
        state.extend(settings.remembers.then_some(REMEMBERED));
        let all = &arena.weights;
        let order = settings.train_images.max(settings.test_images);
        let evidence = settings.criterion.evidence();
        let order = match evidence {
            // Two batches are taken at once, of images that may be fewer.
            Evidence::Curvature => order.max(2 * settings.batch),
            _ => order,
        };
        let table = RECORDS * Record::LEN;
        let metrics = plan.tensor("metrics", &[table + 2 * prunable]);
        Self {
            images: sets.map(|(set, count)| {
                let firsts = (0..count.max(1)).step_by(shard as usize);
                firsts
                    .map(|first| {
                        let bytes = u64::from(shard.min(count - first)) * u64::from(image);
                        let words = u32::try_from(bytes.div_ceil(4)).expect("a shard is small");
                        plan.tensor(format!("data.{set}.images.{first}"), &[words])
                    })
                    .collect()
            }),
            labels: sets.map(|(set, n)| plan.tensor(format!("data.{set}.labels"), &[n])),
            order: plan.tensor("order", &[order]),
            scale: plan.tensor("scale", &[2 * net.input.c]),
            turns: plan.tensor("turns", &[Affine::TURNS, 2]),
            retouch: RetouchTensors::new(net.input, settings, plan),
            step: step.clone(),
            logits: logits.clone(),
            records: metrics.view("records", 0, &[RECORDS, Record::LEN]),
            state: state
                .iter()
                .map(|name| plan.tensor(*name, &all.shape))
                .collect(),
            mask: plan.tensor("mask", &[all.len() / 32]),
            mask_before: plan.tensor("mask.before", &[all.len() / 32]),
            keep: plan.tensor("keep", &[segments]),
            layer_counts: plan.tensor("layer_counts", &[2, prunable]),
            kept: metrics.view("kept", table, &[prunable]),
            counts: metrics.view("counts", table, &[2, prunable]),
            metrics,
            histogram: plan.tensor("histogram", &[2048]),
            flow: (evidence == Evidence::Flow).then(|| FlowTensors::new(net, &all.shape, plan)),
            learned: (evidence == Evidence::Epoch)
                .then(|| LearnedTensors::new(arena.prunable, plan)),
            curvature: (evidence == Evidence::Curvature)
                .then(|| CurvatureTensors::new(arena, plan)),
            fault: plan.tensor("fault", &[1]),
            weights: all.clone(),
            parameters: arena.parameters.clone(),
        }
    }
}

/// The loss of an output, with this smoothing, and its gradient.
fn record_loss(
    plan: &mut Plan,
    tensors: &RunTensors,
    smoothing: f32,
    [logits, labels, gradient]: [&Tensor; 3],
) {
    let n = labels.len();
    let [loss, hit] = ["loss", "hit"].map(|name| plan.scratch(name, &[n]));
    let head = CrossEntropy {
        n,
        classes: logits.len() / n,
        smoothing,
    };
    let inputs = [logits, labels, &tensors.step];
    head.record(plan, inputs, [&loss, &hit, gradient]);
    Metrics { n }.record(plan, [&loss, &hit, &tensors.step], &tensors.records);
}

fn record_update(plan: &mut Plan, settings: &Settings, tensors: &RunTensors, arena: &Arena) {
    plan.phase("update");
    plan.layer("parameters");
    let state: Vec<Tensor> = tensors.state.iter().map(|t| arena.trained(t)).collect();
    let update = UpdateTensors {
        w: &arena.trained(&tensors.weights),
        dw: &arena.trained(&arena.gradients),
        mask: &arena.trained_mask(&tensors.mask),
        step: &tensors.step,
        records: &tensors.records,
    };
    if let Some(clip) = settings.clip {
        clip.record(plan, update.mask, update.dw);
    }
    match settings.optimiser {
        Optimiser::Sgd(sgd) => sgd.record(plan, update, &state[0]),
        Optimiser::Adam(adam) => adam.record(plan, update, [&state[0], &state[1]]),
    }
}
