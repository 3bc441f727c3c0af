//! How the network learns.

use super::network::{BATCH, BETAS, LEARNING_RATE, compile, network};
use crate::error::{Error, ErrorKind, Result};
use crate::gpu::{Choices, Gpu, Machine};
use crate::net::{BiasInit, Init, InitConfig, Placed, RECORDS, Regression, RegressionTensors};
use crate::ops::{Record, StepParams};
use crate::random::{Stream, permutation};
use std::sync::Arc;

/// Passes over the samples.
pub const EPOCHS: u32 = 10;

/// One in so many samples is held out.
pub const HELD_OUT: u32 = 10;

/// What a regressor learns from: a row for each weight.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Samples {
    /// Initial value, and sum of the gradients of all batches.
    pub inputs: Vec<[f32; 2]>,
    /// Rounds that it survived, as a share of the most that any did.
    pub targets: Vec<f32>,
}

impl Samples {
    /// Of the targets: the mean squared error of whoever says the same of each weight.
    pub fn variance(&self) -> f64 {
        let count = self.targets.len().max(1) as f64;
        let all = || self.targets.iter().map(|&target| f64::from(target));
        let mean = all().sum::<f64>() / count;
        all().map(|target| (target - mean).powi(2)).sum::<f64>() / count
    }
}

/// How far the learning has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitEpoch {
    /// From 1.
    pub epoch: u32,
    /// Mean squared error over the steps of the epoch.
    pub loss: f64,
    /// And after it, of the samples that are held out.
    pub held_out: f64,
}

/// What was learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// Values of the [`network`]'s parameters, in file order.
    pub values: Vec<Vec<f32>>,
    /// The epoch after which they were these.
    pub best: FitEpoch,
}

/// Has the [`network`] learn the samples, by Adam on the mean squared error, and gives what it knew after the epoch with the
/// least error on samples that it did not learn from: one in [`HELD_OUT`], chosen by the seed. (The authors hold out the first
/// tenth of the weights, and learn from it, too.)
///
/// # Errors
/// Too few samples, an error that is not finite, or a device that fails.
pub fn fit(
    gpu: &Arc<Gpu>,
    choices: impl Into<Choices>,
    samples: &Samples,
    most: Option<u32>,
    seed: u64,
    tell: &mut dyn FnMut(&FitEpoch),
) -> Result<Fitted> {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let all = number(samples.targets.len());
    let mut learned_from = permutation(seed, Stream::Split, 0, all);
    learned_from.truncate(most.unwrap_or(all) as usize);
    let count = learned_from.len();
    let held = count / HELD_OUT as usize;
    if held == 0 {
        return Err(Error::config(
            format!("{count} weights are too few to learn from"),
            "take a larger --model, or more --samples",
        ));
    }
    let held_out = learned_from.drain(..held).collect::<Vec<u32>>();
    let mut learner = Learner::open(
        gpu,
        choices.into(),
        number(count - held).min(BATCH),
        samples,
        seed,
    )?;
    let mut best: Option<Fitted> = None;
    for epoch in 1..=EPOCHS {
        let order = permutation(seed, Stream::Shuffle, epoch, number(learned_from.len()));
        let order: Vec<u32> = order
            .into_iter()
            .map(|i| learned_from[i as usize])
            .collect();
        let loss = learner.learn(&order)?;
        let held_out = learner.judge(&held_out)?;
        let now = FitEpoch {
            epoch,
            loss,
            held_out,
        };
        tell(&now);
        if best
            .as_ref()
            .is_none_or(|best| held_out < best.best.held_out)
        {
            let values = learner.values()?;
            best = Some(Fitted { values, best: now });
        }
    }
    Ok(best.expect("the first epoch is the best so far"))
}

/// The network on a device.
struct Learner<'a> {
    machine: Machine,
    tensors: RegressionTensors,
    samples: &'a Samples,
    batch: u32,
    steps: u32,
}

impl<'a> Learner<'a> {
    fn open(
        gpu: &Arc<Gpu>,
        choices: Choices,
        batch: u32,
        samples: &'a Samples,
        seed: u64,
    ) -> Result<Self> {
        let Regression { plan, tensors } = compile(batch, choices);
        let machine = gpu.load(&plan)?;
        let init = InitConfig {
            linear: Init::KaimingNormalFanIn,
            bias: BiasInit::Zeros,
            ..InitConfig::default()
        };
        let values = init.values(&network().parameters(), seed);
        for (placed, values) in tensors.parameters.iter().zip(&values) {
            machine.write(&placed.tensor, &placed.parameter.to_device(values));
        }
        machine.write(&tensors.mask, &vec![u32::MAX; tensors.mask.len() as usize]);
        Ok(Self {
            machine,
            tensors,
            samples,
            batch,
            steps: 0,
        })
    }

    /// One pass over these samples, without the short rest; the mean error of its batches.
    fn learn(&mut self, order: &[u32]) -> Result<f64> {
        let mut errors = Errors::default();
        for rows in order.chunks_exact(self.batch as usize) {
            self.steps += 1;
            let steps = f64::from(self.steps);
            #[allow(
                clippy::cast_possible_truncation,
                reason = "rounding to f32 is what is wanted"
            )]
            let correction = |beta: f32| (1.0 - f64::from(beta).powf(steps)) as f32;
            let params = StepParams {
                learning_rate: LEARNING_RATE,
                correction_1: correction(BETAS[0]),
                correction_2: correction(BETAS[1]),
                momentum: BETAS[0],
                ..bytemuck::Zeroable::zeroed()
            };
            let phases = ["gather", "forward", "loss", "backward", "update"];
            self.replay(rows, params, &phases, &mut errors)?;
        }
        self.read(&mut errors)?;
        Ok(errors.mean())
    }

    /// The mean error of these samples.
    fn judge(&self, samples: &[u32]) -> Result<f64> {
        let mut errors = Errors::default();
        for rows in samples.chunks(self.batch as usize) {
            let params = bytemuck::Zeroable::zeroed();
            self.replay(rows, params, &["gather", "infer", "evaluate"], &mut errors)?;
        }
        self.read(&mut errors)?;
        Ok(errors.mean())
    }

    fn replay(
        &self,
        rows: &[u32],
        params: StepParams,
        phases: &[&str],
        errors: &mut Errors,
    ) -> Result<()> {
        let RegressionTensors {
            inputs,
            targets,
            step,
            ..
        } = &self.tensors;
        let of = |&row: &u32| {
            (
                self.samples.inputs[row as usize],
                self.samples.targets[row as usize],
            )
        };
        let (x, t): (Vec<[f32; 2]>, Vec<f32>) = rows.iter().map(of).unzip();
        self.machine.write(inputs, &x);
        self.machine.write(targets, &t);
        let params = StepParams {
            count: u32::try_from(rows.len()).unwrap_or(self.batch),
            record: errors.unread,
            ..params
        };
        self.machine.write(step, &[params]);
        self.machine.replay(phases)?;
        errors.unread += 1;
        if errors.unread == RECORDS {
            self.read(errors)?;
        }
        Ok(())
    }

    fn read(&self, errors: &mut Errors) -> Result<()> {
        let records: Vec<Record> = self.machine.read(&self.tensors.records)?;
        for record in &records[..std::mem::take(&mut errors.unread) as usize] {
            if record.fault().is_some() {
                return Err(Error::new(
                    ErrorKind::Diverged,
                    "the regressor's error is not finite",
                    "take another --seed; if that does not help, the network's gradients are too large to learn from",
                ));
            }
            errors.sum += f64::from(record.loss) * f64::from(record.count);
            errors.rows += f64::from(record.count);
        }
        Ok(())
    }

    fn values(&self) -> Result<Vec<Vec<f32>>> {
        let of = |placed: &Placed| {
            let values: Vec<f32> = self.machine.read(&placed.tensor)?;
            Ok(placed.parameter.to_file(&values))
        };
        self.tensors.parameters.iter().map(of).collect()
    }
}

/// Errors of batches, some of which may not be read yet.
#[derive(Default)]
struct Errors {
    unread: u32,
    sum: f64,
    rows: f64,
}

impl Errors {
    fn mean(&self) -> f64 {
        self.sum / self.rows.max(1.0)
    }
}
