//! From a network and a batch size to one recorded plan. The only place that knows the backward order.

use super::{Layer, Net, Parameter, Shape};
use crate::gpu::{Plan, Tensor, Tuning};
use crate::ops::{
    Adam, Affine, CrossEntropy, GatherBatch, Linear, Metrics, Prune, Record, Relu, Sgd, StepParams,
    UpdateTensors,
};

/// Rows of the metrics table.
pub const RECORDS: u32 = 512;

/// Prunable parameters begin where their mask bits begin on a binding boundary of 256 bytes.
const PRUNABLE_ALIGNMENT: u32 = 2048;

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
    /// Label smoothing of the training loss.
    pub smoothing: f32,
    /// Augmentation of training images.
    pub affine: Option<Affine>,
    /// Rank each prunable tensor by itself instead of all of them together.
    pub per_layer: bool,
}

/// A parameter and where it lies.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Name, shapes and role.
    pub parameter: Parameter,
    /// Its values on the device.
    pub tensor: Tensor,
    /// Its first element within the tensor of all parameters.
    pub first: u32,
}

/// The plan of a run, and the tensors that the host writes or reads.
///
/// Phases: `gather` (training images), `gather-plain` (the same without augmentation), `gather-test`, `forward`,
/// `loss`, `evaluate` (the loss without smoothing), `backward`, `update`, `prune`.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// All phases.
    pub plan: Plan,
    /// In PyTorch's order.
    pub parameters: Vec<Placed>,
    /// Bytes of the training images and of the test images.
    pub images: [Tensor; 2],
    /// Labels of the training images and of the test images.
    pub labels: [Tensor; 2],
    /// Samples in the order in which batches take them.
    pub order: Tensor,
    /// Factors and offsets of the normalisation.
    pub scale: Tensor,
    /// Angles of the augmentation.
    pub turns: Tensor,
    /// [`StepParams`].
    pub step: Tensor,
    /// [`Record`]s, [`RECORDS`] rows.
    pub records: Tensor,
    /// All parameters.
    pub weights: Tensor,
    /// Velocity, or the two moments of Adam; 0 at the start.
    pub state: Vec<Tensor>,
    /// One bit for each element of `weights`; padding is 0.
    pub mask: Tensor,
    /// How many weights each segment shall keep: one for the network, or one for each prunable tensor.
    pub keep: Tensor,
    /// How many weights of each prunable tensor are kept, after a `prune`.
    pub kept: Tensor,
    /// 0 at the start.
    pub histogram: Tensor,
}

/// Records a training run of `net`.
pub fn compile(net: &Net, settings: &Settings, tuning: Tuning) -> Compiled {
    let mut plan = Plan::new(tuning);
    let Settings {
        batch,
        train_images,
        test_images,
        ..
    } = *settings;
    let pixels = net.input.len();
    let bytes = |images: u32| {
        images
            .checked_mul(pixels)
            .expect("a data set below 4 GiB")
            .div_ceil(4)
    };
    let images = [
        plan.tensor("data.train.images", &[bytes(train_images)]),
        plan.tensor("data.test.images", &[bytes(test_images)]),
    ];
    let labels = [
        plan.tensor("data.train.labels", &[train_images]),
        plan.tensor("data.test.labels", &[test_images]),
    ];
    let arena = Arena::new(net, &mut plan);
    let prunable = arena
        .parameters
        .iter()
        .filter(|placed| placed.parameter.is_prunable())
        .count();
    let segments = if settings.per_layer {
        count(prunable)
    } else {
        1
    };
    let state_names: &[&str] = match settings.optimiser {
        Optimiser::Sgd(_) => &["velocity"],
        Optimiser::Adam(_) => &["moment1", "moment2"],
    };
    let compiled = Compiled {
        images,
        labels,
        order: plan.tensor("order", &[train_images.max(test_images)]),
        scale: plan.tensor("scale", &[2 * net.input.c]),
        turns: plan.tensor("turns", &[Affine::TURNS, 2]),
        step: plan.tensor("step", &[StepParams::LEN]),
        records: plan.tensor("records", &[RECORDS, Record::LEN]),
        state: state_names
            .iter()
            .map(|name| plan.tensor(*name, &arena.weights.shape))
            .collect(),
        mask: plan.tensor("mask", &[arena.weights.len() / 32]),
        keep: plan.tensor("keep", &[segments]),
        kept: plan.tensor("kept", &[count(prunable)]),
        histogram: plan.tensor("histogram", &[2048]),
        weights: arena.weights.clone(),
        parameters: arena.parameters.clone(),
        plan: Plan::new(tuning),
    };
    let batch_labels = plan.tensor("labels", &[batch]);
    let activations = Activations::new(net, batch, &mut plan);
    record_gathers(
        &mut plan,
        net,
        settings,
        &compiled,
        [&activations.values[0], &batch_labels],
    );
    record_forward(&mut plan, net, batch, &arena, &activations);
    record_losses(
        &mut plan,
        net,
        settings,
        &compiled,
        &batch_labels,
        &activations,
    );
    record_backward(&mut plan, net, batch, &arena, &activations);
    record_update(&mut plan, settings, &compiled, &arena);
    record_prune(&mut plan, settings, &compiled, &arena);
    Compiled { plan, ..compiled }
}

fn count(items: usize) -> u32 {
    u32::try_from(items).expect("fewer than four thousand million of anything")
}

/// All parameters in one tensor, prunable ones first, and their gradients in another.
struct Arena {
    weights: Tensor,
    gradients: Tensor,
    parameters: Vec<Placed>,
    /// Elements up to the end of the last prunable parameter.
    prunable: u32,
}

impl Arena {
    fn new(net: &Net, plan: &mut Plan) -> Self {
        let parameters = net.parameters();
        let mut firsts = vec![0; parameters.len()];
        let mut end: u32 = 0;
        let mut prunable_end = 0;
        for prunable in [true, false] {
            for (first, parameter) in firsts.iter_mut().zip(&parameters) {
                if parameter.is_prunable() == prunable {
                    *first = end;
                    let alignment = if prunable {
                        PRUNABLE_ALIGNMENT
                    } else {
                        crate::gpu::VIEW_ALIGNMENT
                    };
                    end = (end + parameter.len()).next_multiple_of(alignment);
                }
            }
            end = end.next_multiple_of(PRUNABLE_ALIGNMENT);
            if prunable {
                prunable_end = end;
            }
        }
        let weights = plan.tensor("weights", &[end]);
        let gradients = plan.tensor("gradients", &[end]);
        let parameters = parameters
            .into_iter()
            .zip(firsts)
            .map(|(parameter, first)| {
                let tensor = weights.view(&parameter.name, first, &[parameter.len()]);
                Placed {
                    parameter,
                    tensor,
                    first,
                }
            })
            .collect();
        Self {
            weights,
            gradients,
            parameters,
            prunable: prunable_end,
        }
    }

    /// Values of `layer.kind`, if the layer has them.
    fn value(&self, layer: &str, kind: &str) -> Option<Tensor> {
        let name = format!("{layer}.{kind}");
        self.parameters
            .iter()
            .find(|placed| placed.parameter.name == name)
            .map(|placed| placed.tensor.clone())
    }

    /// Gradients of `layer.kind`, if the layer has them.
    fn gradient(&self, layer: &str, kind: &str) -> Option<Tensor> {
        let name = format!("{layer}.{kind}");
        let placed = self
            .parameters
            .iter()
            .find(|placed| placed.parameter.name == name)?;
        Some(
            self.gradients
                .view(format!("{name}.grad"), placed.first, &placed.tensor.shape),
        )
    }

    fn weight(&self, layer: &str) -> Tensor {
        self.value(layer, "weight").expect("a layer with a weight")
    }

    fn weight_gradient(&self, layer: &str) -> Tensor {
        self.gradient(layer, "weight")
            .expect("a layer with a weight")
    }

    /// Prunable parameters as (first element, elements with padding).
    fn prunable_ranges(&self) -> Vec<(u32, u32)> {
        let prunable = self
            .parameters
            .iter()
            .filter(|placed| placed.parameter.is_prunable());
        prunable
            .map(|placed| {
                (
                    placed.first,
                    placed.tensor.len().next_multiple_of(PRUNABLE_ALIGNMENT),
                )
            })
            .collect()
    }
}

/// Values of the network for one batch, their gradients, and the winners of the pools.
struct Activations {
    values: Vec<Tensor>,
    gradients: Vec<Tensor>,
    winners: Vec<Option<Tensor>>,
}

impl Activations {
    fn new(net: &Net, batch: u32, plan: &mut Plan) -> Self {
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

fn record_gathers(
    plan: &mut Plan,
    net: &Net,
    settings: &Settings,
    tensors: &Compiled,
    outputs: [&Tensor; 2],
) {
    let Shape { h, w, c } = net.input;
    for (phase, set, affine) in [
        ("gather", 0, settings.affine),
        ("gather-plain", 0, None),
        ("gather-test", 1, None),
    ] {
        plan.phase(phase);
        plan.layer("batch");
        let Compiled {
            images,
            labels,
            order,
            step,
            scale,
            turns,
            ..
        } = tensors;
        let inputs = [&images[set], &labels[set], order, step, scale, turns];
        GatherBatch {
            n: settings.batch,
            h,
            w,
            c,
            affine,
        }
        .record(plan, inputs, outputs);
    }
}

fn record_forward(
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

fn record_losses(
    plan: &mut Plan,
    net: &Net,
    settings: &Settings,
    tensors: &Compiled,
    labels: &Tensor,
    activations: &Activations,
) {
    let n = settings.batch;
    let [loss, hit] = ["loss", "hit"].map(|name| plan.tensor(name, &[n]));
    let (Some(logits), Some(gradient)) = (activations.values.last(), activations.gradients.last())
    else {
        return;
    };
    for (phase, smoothing) in [("loss", settings.smoothing), ("evaluate", 0.0)] {
        plan.phase(phase);
        plan.layer(phase);
        let head = CrossEntropy {
            n,
            classes: net.classes(),
            smoothing,
        };
        head.record(
            plan,
            [logits, labels, &tensors.step],
            [&loss, &hit, gradient],
        );
        Metrics { n }.record(plan, [&loss, &hit, &tensors.step], &tensors.records);
    }
}

fn record_backward(
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

fn record_update(plan: &mut Plan, settings: &Settings, tensors: &Compiled, arena: &Arena) {
    plan.phase("update");
    plan.layer("parameters");
    let Compiled {
        weights: w,
        mask,
        step,
        records,
        state,
        ..
    } = tensors;
    let update = UpdateTensors {
        w,
        dw: &arena.gradients,
        mask,
        step,
        records,
    };
    match settings.optimiser {
        Optimiser::Sgd(sgd) => sgd.record(plan, update, &state[0]),
        Optimiser::Adam(adam) => adam.record(plan, update, [&state[0], &state[1]]),
    }
}

fn record_prune(plan: &mut Plan, settings: &Settings, tensors: &Compiled, arena: &Arena) {
    plan.phase("prune");
    let Compiled {
        weights,
        mask,
        keep,
        kept,
        histogram,
        ..
    } = tensors;
    let selection = plan.tensor("selection", &[2]);
    let ranges = arena.prunable_ranges();
    let mask_of = |(first, len): (u32, u32)| mask.view("mask", first / 32, &[len / 32]);
    let segments = if settings.per_layer {
        ranges.clone()
    } else {
        vec![(0, arena.prunable)]
    };
    debug_assert!(
        segments
            .iter()
            .all(|(_, len)| len.is_multiple_of(PRUNABLE_ALIGNMENT))
    );
    for (segment, range) in (0..).zip(segments) {
        plan.layer(format!("segment {segment}"));
        let w = weights.view("weights", range.0, &[range.1]);
        Prune { segment }.record(plan, keep, [&w, &mask_of(range)], [&selection, histogram]);
    }
    plan.layer("count");
    for (slot, range) in (0..).zip(ranges) {
        Prune::count(plan, &mask_of(range), kept, slot);
    }
}
