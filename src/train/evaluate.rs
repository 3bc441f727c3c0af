//! Loss and accuracy over images: what a run asks for after each epoch, and what can be asked of weights alone.

use super::checks::check_values;
use super::choices::tell_choices;
use super::{Score, check_batch, check_data, choices, fit, settings};
use crate::config::{Config, DataConfig};
use crate::data::{Dataset, Split};
use crate::error::{Error, ErrorKind, Result};
use crate::gpu::{Gpu, Machine};
use crate::net::{Compiled, Net, RECORDS, RunTensors, Settings, TEST, compile};
use crate::ops::{GatherBatch, Record, StepParams};
use std::sync::Arc;

/// A network and the test images on a device, and nothing that only training needs.
pub struct Evaluator {
    machine: Machine,
    tensors: RunTensors,
    batch: u32,
    /// Positions of all test images.
    order: Vec<u32>,
}

impl Evaluator {
    /// Allocates what the network needs forwards, and uploads the test images. Of `config`, the batch and the tuning
    /// count.
    ///
    /// # Errors
    /// A network that does not fit the data set or the device, or a kernel that it refuses.
    pub fn open(gpu: &Arc<Gpu>, net: &Net, dataset: &Dataset, config: &Config) -> Result<Self> {
        let batch = config.train.batch;
        check_data(net, dataset)?;
        let images = count(dataset.test.len());
        let settings = settings(&without_augmentation(config), dataset.width, [0, images]);
        let choices = choices(config, gpu)?;
        let Compiled { plan, tensors, .. } = fit(&gpu.room(), batch, |batch| {
            check_batch(net, batch)?;
            let compiled = compile(net, &Settings { batch, ..settings }, choices.clone());
            let plan = compiled.plan.only(&["gather-test", "infer", "evaluate"]);
            let plan = plan.share_memory();
            Ok(Compiled { plan, ..compiled })
        })?;
        tell_choices(config, gpu, &plan);
        let machine = gpu.load(&plan)?;
        upload(&machine, &tensors, dataset, &[TEST]);
        Ok(Self {
            machine,
            tensors,
            batch,
            order: (0..images).collect(),
        })
    }

    /// Bytes of all buffers on the device, counted as [`Session::device_bytes`](super::Session::device_bytes) does.
    pub fn device_bytes(&self) -> u64 {
        self.machine.bytes
    }

    /// Loss and accuracy over all test images of weights with values in file order.
    ///
    /// # Errors
    /// The device was lost or reported an error, or a value or a loss is not finite.
    ///
    /// # Panics
    /// If there are more or fewer values than the parameters have.
    pub fn score(&self, values: &[Vec<f32>]) -> Result<Score> {
        self.load(values)?;
        score(
            &self.machine,
            &self.tensors,
            self.batch,
            "gather-test",
            &self.order,
        )
    }

    /// The output of the network for each test image, in the order of the set: images·classes values.
    ///
    /// # Errors
    /// As [`score`](Self::score), but that the output may be anything.
    ///
    /// # Panics
    /// As [`score`](Self::score).
    pub fn logits(&self, values: &[Vec<f32>]) -> Result<Vec<f32>> {
        self.load(values)?;
        let RunTensors { order, logits, .. } = &self.tensors;
        self.machine.write(order, &self.order);
        let images = count(self.order.len());
        let classes = (logits.len() / self.batch) as usize;
        let mut all = Vec::with_capacity(self.order.len() * classes);
        for position in (0..images).step_by(self.batch as usize) {
            let params = batch_at(position, self.batch, images, 0);
            self.machine.write(&self.tensors.step, &[params]);
            self.machine.replay(&["gather-test", "infer"])?;
            let own: Vec<f32> = self.machine.read(logits)?;
            all.extend(&own[..params.count as usize * classes]);
        }
        Ok(all)
    }

    fn load(&self, values: &[Vec<f32>]) -> Result<()> {
        let parameters = self.tensors.parameters.iter();
        check_values(parameters.map(|placed| &placed.parameter), values)?;
        for (placed, values) in self.tensors.parameters.iter().zip(values) {
            self.machine
                .write(&placed.tensor, &placed.parameter.to_device(values));
        }
        Ok(())
    }
}

/// The phases of training are compiled and then left out; images may be of a kind that it could not change.
fn without_augmentation(config: &Config) -> Config {
    let mut config = config.clone();
    config.data = DataConfig::default();
    config
}

/// What a step of evaluation depends on: it takes up to `batch` of so many images.
pub(super) fn batch_at(position: u32, batch: u32, images: u32, record: u32) -> StepParams {
    StepParams {
        position,
        count: batch.min(images - position),
        record,
        ..bytemuck::Zeroable::zeroed()
    }
}

pub(super) fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

/// Copies these sets and their statistics to the device.
pub(super) fn upload(machine: &Machine, tensors: &RunTensors, dataset: &Dataset, sets: &[usize]) {
    for &set in sets {
        let Split { images, labels } = [&dataset.train, &dataset.test][set];
        let mut rest = &images[..];
        for shard in &tensors.images[set] {
            let bytes = rest
                .len()
                .min(usize::try_from(shard.bytes()).unwrap_or(usize::MAX));
            let (own, others) = rest.split_at(bytes);
            let mut bytes = own.to_vec();
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            machine.write(shard, &bytes);
            rest = others;
        }
        let labels: Vec<u32> = labels.iter().map(|&label| label.into()).collect();
        machine.write(&tensors.labels[set], &labels);
    }
    machine.write(
        &tensors.scale,
        &GatherBatch::scale(&dataset.mean, &dataset.std),
    );
}

/// Loss, without smoothing, and accuracy over the images that `order` names, picked by the phase `gather`. Writes
/// over the order of the epoch and the metrics table.
pub(super) fn score(
    machine: &Machine,
    tensors: &RunTensors,
    batch: u32,
    gather: &str,
    order: &[u32],
) -> Result<Score> {
    machine.write(&tensors.order, order);
    let mut score = Score::default();
    let starts: Vec<u32> = (0..count(order.len())).step_by(batch as usize).collect();
    for starts in starts.chunks(RECORDS as usize) {
        for (record, &position) in (0..).zip(starts) {
            let params = batch_at(position, batch, count(order.len()), record);
            machine.write(&tensors.step, &[params]);
            machine.replay(&[gather, "infer", "evaluate"])?;
        }
        let records: Vec<Record> = machine.read(&tensors.records)?;
        for record in &records[..starts.len()] {
            if record.fault().is_some() {
                return Err(Error::new(
                    ErrorKind::Diverged,
                    "the loss on the images to evaluate is not finite",
                    "these weights are too large to compute with; train with a lower --lr",
                ));
            }
            score.add(record);
        }
    }
    Ok(score)
}
