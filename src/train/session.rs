//! A network on a device with its data: what a training step, a mask update and an evaluation submit.

mod control;
mod layers;
mod learned;
mod mask;
mod state;

pub use state::{ParameterState, Snapshot};

use super::choices::tell_choices;
use super::evaluate::{count, score, upload};
use super::{
    ImageSet, Score, check_augmentation, check_batch, check_data, choices, fit, keeping, settings,
    train_images,
};
use crate::config::{Config, Control, OptimiserConfig};
use crate::data::Dataset;
use crate::error::Result;
use crate::gpu::{Gpu, Kept, LaunchSeconds, Machine, Plan};
use crate::net::{
    Compiled, Net, Optimiser, Parameter, RECORDS, RunTensors, Settings, TEST, TRAIN, Whole, compile,
};
use crate::ops::{GatherBatch, Record, StepParams};
use crate::random::{Stream, key, permutation};
use layers::Weights;
use learned::Learned;
use std::sync::Arc;

/// The phases of a training step, in order.
pub const STEP: [&str; 5] = ["gather", "forward", "loss", "backward", "update"];

/// The phases that give the gradients of a batch where nothing is trained.
const GRADIENTS: [&str; 4] = ["gather-plain", "infer", "evaluate", "backward-infer"];

/// A network, its optimiser's state and its data on a device.
pub struct Session {
    machine: Machine,
    plan: Plan,
    tensors: RunTensors,
    settings: Settings,
    seed: u64,
    /// Positions of the training and of the validation images in the training files.
    train: Vec<u32>,
    /// Of all images of the training files.
    labels: Vec<u16>,
    validation: Vec<u32>,
    prunable: Vec<u32>,
    /// Whether weights are ranked by the labels of other images.
    corrupts: bool,
    /// Whether weights are ranked by as many images of each class.
    balanced: bool,
    net: Net,
    /// The weights of convolutions and linear layers.
    layers: Vec<Weights>,
    unread: u32,
    /// If weights are ranked by a learned score.
    learned: Option<Learned>,
}

/// What a session wrote down on the device.
#[derive(Debug, Clone, PartialEq)]
pub struct Readings {
    /// Of the steps since the last reading, in order.
    pub records: Vec<Record>,
    /// Weights of each prunable tensor that the mask keeps.
    pub kept: Vec<u32>,
}

impl Session {
    /// Allocates everything on the device and uploads the data set.
    ///
    /// # Errors
    /// A network made for other images or classes than those of the data set, more validation than training images,
    /// a run that does not fit the device, or a kernel that it refuses.
    ///
    /// # Panics
    /// If a value of the network is read by no layer, as [`compile`] has it.
    pub fn open(gpu: &Arc<Gpu>, net: &Net, dataset: &Dataset, config: &Config) -> Result<Self> {
        Self::open_keeping(gpu, net, dataset, config, Kept::All)
    }

    /// The same, keeping no more than `most` from forwards to backwards, whatever there is room for.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    ///
    /// # Panics
    /// As it does.
    pub fn open_keeping(
        gpu: &Arc<Gpu>,
        net: &Net,
        dataset: &Dataset,
        config: &Config,
        most: Kept,
    ) -> Result<Self> {
        let images = [count(dataset.train.len()), count(dataset.test.len())];
        let trained = train_images(config, dataset)?;
        check_data(net, dataset)?;
        check_augmentation(config, dataset)?;
        let settings = settings(config, dataset.width, images);
        let choices = choices(config, gpu)?;
        let room = gpu.room();
        let Compiled { plan, tensors, .. } = fit(&room, settings.batch, |batch| {
            check_batch(net, batch)?;
            Ok(keeping(&choices, Some(&room), most, |choices| {
                compile(net, &Settings { batch, ..settings }, choices)
            }))
        })?;
        tell_choices(config, gpu, &plan);
        let machine = gpu.load(&plan)?;
        let learned = tensors.learned.as_ref().map(|_| Learned {
            gpu: Arc::clone(gpu),
            choices,
            prune: config.prune.clone(),
        });
        upload(&machine, &tensors, dataset, &[TRAIN, TEST]);
        if let Some(affine) = settings.augment.affine {
            machine.write(&tensors.turns, &affine.turns());
        }
        if let Some(retouch) = &tensors.retouch {
            machine.write(&retouch.unscaled, &GatherBatch::unscaled(retouch.op.c));
            machine.write(&retouch.factors, &retouch.op.factors());
            machine.write(&retouch.sizes, &retouch.op.sizes());
        }
        let mut train = if trained < images[0] {
            permutation(config.seed, Stream::Split, 0, images[0])
        } else {
            (0..images[0]).collect()
        };
        let mut validation = train.split_off(trained as usize);
        train.sort_unstable();
        validation.sort_unstable();
        let prunable = tensors.prunable().map(Parameter::len).collect();
        let layers = layers::of(net);
        Ok(Self {
            machine,
            plan,
            tensors,
            settings,
            seed: config.seed,
            train,
            labels: dataset.train.labels.clone(),
            validation,
            prunable,
            balanced: config.prune.balanced,
            corrupts: config.prune.control == Control::Corrupt,
            net: net.clone(),
            layers,
            unread: 0,
            learned,
        })
    }

    /// Images that a run trains on.
    pub fn train_images(&self) -> u32 {
        count(self.train.len())
    }

    /// Whether images are held out of training.
    pub fn has_validation(&self) -> bool {
        !self.validation.is_empty()
    }

    /// What the network is a narrow form of, if it is.
    pub fn whole(&self) -> Option<Whole> {
        self.net.whole()
    }

    /// The recorded plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Bytes of all buffers on the device, the data set included; see [`Plan::bytes`] for what is not in it.
    pub fn device_bytes(&self) -> u64 {
        self.machine.bytes
    }

    /// Elements of each prunable tensor.
    pub fn prunable(&self) -> &[u32] {
        &self.prunable
    }

    /// Names of the prunable tensors.
    pub fn prunable_names(&self) -> impl Iterator<Item = &str> {
        self.tensors
            .prunable()
            .map(|parameter| parameter.name.as_str())
    }

    /// Elements of all parameters that training changes, biases and batch norms included.
    pub fn trainable(&self) -> u32 {
        let parameters = self
            .tensors
            .parameters
            .iter()
            .map(|placed| &placed.parameter);
        let trainable = parameters.filter(|own| own.is_trainable());
        trainable.map(Parameter::len).sum()
    }

    /// Names of the weights that pruning leaves as they are.
    pub fn excluded(&self) -> impl Iterator<Item = &str> {
        let parameters = self
            .tensors
            .parameters
            .iter()
            .map(|placed| &placed.parameter);
        let excluded = parameters.filter(|own| own.is_excluded());
        excluded.map(|own| own.name.as_str())
    }

    /// The parameter that holds this position of all parameters.
    pub fn parameter_at(&self, position: u32) -> &str {
        let before = self
            .tensors
            .parameters
            .iter()
            .filter(|placed| placed.first <= position);
        before
            .max_by_key(|placed| placed.first)
            .map_or("no parameter", |placed| &placed.parameter.name)
    }

    /// Draws the order of an epoch's samples.
    pub fn shuffle(&mut self, epoch: u32) {
        self.machine.write(&self.tensors.order, &self.order(epoch));
    }

    /// The training images in the order in which an epoch takes them.
    fn order(&self, epoch: u32) -> Vec<u32> {
        let order = permutation(self.seed, Stream::Shuffle, epoch, count(self.train.len()));
        order.into_iter().map(|i| self.train[i as usize]).collect()
    }

    /// Submits one training step, counted from 0, with the momentum that `optimiser` has for it.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    ///
    /// # Panics
    /// If the metrics table is full.
    pub fn step(
        &mut self,
        step: u32,
        learning_rate: f64,
        optimiser: &OptimiserConfig,
    ) -> Result<()> {
        self.step_since(0, step, learning_rate, optimiser)
    }

    /// The same, where the optimiser was at rest before the step `rest`, and not before the first.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    ///
    /// # Panics
    /// As it does.
    pub fn step_since(
        &mut self,
        rest: u32,
        step: u32,
        learning_rate: f64,
        optimiser: &OptimiserConfig,
    ) -> Result<()> {
        let steps = f64::from(step - rest + 1);
        let correction = |beta: f32| 1.0 - f64::from(beta).powf(steps);
        let momentum = match self.settings.optimiser {
            Optimiser::Sgd(_) => optimiser.momentum,
            Optimiser::Adam(_) => optimiser.beta1,
        };
        #[allow(
            clippy::cast_possible_truncation,
            reason = "rounding to f32 is what is wanted"
        )]
        let params = StepParams {
            learning_rate: learning_rate as f32,
            correction_1: correction(optimiser.beta1) as f32,
            correction_2: correction(optimiser.beta2) as f32,
            momentum,
            ..self.batch_of(step)
        };
        self.submit(params, &STEP)
    }

    /// Seconds of each launch of a phase, see [`Machine::time_dispatches`].
    ///
    /// # Errors
    /// The device was lost or reported an error.
    pub fn time_launches(&self, phase: &str, repeats: u32) -> Result<Vec<Vec<LaunchSeconds>>> {
        self.machine.time_dispatches(phase, repeats)
    }

    /// The images that a step takes, and where its record goes.
    fn batch_of(&self, step: u32) -> StepParams {
        let batch = self.settings.batch;
        let per_epoch = self.train_images() / batch;
        StepParams {
            position: step % per_epoch * batch,
            count: batch,
            record: self.unread,
            epoch: step / per_epoch,
            seed: key(self.seed),
            ..bytemuck::Zeroable::zeroed()
        }
    }

    fn submit(&mut self, params: StepParams, phases: &[&str]) -> Result<()> {
        assert!(!self.is_full(), "the metrics table is read when it is full");
        self.machine.write(&self.tensors.step, &[params]);
        self.unread += 1;
        self.machine.replay(phases)
    }

    /// Steps that were submitted since the last reading.
    pub fn unread(&self) -> u32 {
        self.unread
    }

    /// Whether the metrics table is full and must be read before the next step.
    pub fn is_full(&self) -> bool {
        self.unread == RECORDS
    }

    /// Waits for the device and reads, at once, the records since the last reading and the state of the mask.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    pub fn read(&mut self) -> Result<Readings> {
        let words: Vec<u32> = self.machine.read(&self.tensors.metrics)?;
        let (records, counts) = words.split_at(self.tensors.records.len() as usize);
        let kept = &counts[..self.prunable.len()];
        let records: &[Record] = bytemuck::cast_slice(records);
        Ok(Readings {
            records: records[..std::mem::take(&mut self.unread) as usize].to_vec(),
            kept: kept.to_vec(),
        })
    }

    /// The records of the steps since the last reading.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    pub fn read_records(&mut self) -> Result<Vec<Record>> {
        self.read().map(|readings| readings.records)
    }

    /// Loss, without smoothing, and accuracy over all images of a set. Forgets the order of the epoch.
    ///
    /// # Errors
    /// The device was lost or reported an error, or a loss is not finite.
    ///
    /// # Panics
    /// If records of steps are unread, whose rows it needs.
    pub fn evaluate(&mut self, set: ImageSet) -> Result<Score> {
        assert_eq!(self.unread, 0, "records are read before an evaluation");
        let (machine, tensors, batch) = (&self.machine, &self.tensors, self.settings.batch);
        match set {
            ImageSet::Validation => {
                score(machine, tensors, batch, "gather-plain", &self.validation)
            }
            ImageSet::Test => {
                let all: Vec<u32> = (0..self.settings.test_images).collect();
                score(machine, tensors, batch, "gather-test", &all)
            }
        }
    }
}
