//! Training with pruning: the loop, and the parts it is made of.

mod checks;
mod clock;
mod evaluate;
mod length;
mod run_dir;
mod schedule;
mod score;
mod session;
mod settings;

pub use checks::{check_batch, check_data, train_images};
pub use evaluate::Evaluator;
pub use length::Length;
pub use run_dir::RunDir;
pub use schedule::{LearningRate, Ramp, RateShape, kept_at};
pub use score::{ImageSet, Score};
pub use session::{Readings, Session};
pub use settings::{settings, tuning};

use clock::Clock;

use crate::config::{Config, LearningRateConfig, Method, RateKind, Scope};
use crate::error::{Error, ErrorKind, Result};
use crate::ops::{Fault, Record};
use std::time::{Duration, Instant};

/// When what happens in a run, all in steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Steps of the run.
    pub steps: u32,
    /// Steps of an epoch.
    pub epoch: u32,
    /// Learning rate of each step.
    pub learning_rate: LearningRate,
    /// Sparsity, unless the run is dense.
    pub ramp: Option<Ramp>,
}

impl Schedule {
    /// The schedule that `config` means for so many training images.
    ///
    /// # Errors
    /// Fewer images than one batch, a run without steps, or a ramp that does not fit into the run.
    pub fn new(config: &Config, train_images: u32) -> Result<Self> {
        let epoch = train_images / config.train.batch;
        if epoch == 0 {
            return Err(Error::config(
                format!(
                    "a batch of {} is more than the {train_images} training images",
                    config.train.batch
                ),
                "use a smaller --batch",
            ));
        }
        let steps = config.train.length.steps(epoch, 0);
        if steps == 0 {
            return Err(Error::config(
                format!(
                    "train.length is {}, so the run has no steps",
                    config.train.length
                ),
                "give --epochs or --steps of at least 1",
            ));
        }
        let in_steps = |length: Length| length.steps(epoch, steps);
        let LearningRateConfig {
            initial,
            schedule,
            minimum,
            milestones,
            factor,
            warm_up,
            per_epoch,
        } = config.learning_rate.clone();
        let shape = match schedule {
            RateKind::Constant => RateShape::Constant,
            RateKind::Cosine => RateShape::Cosine { minimum },
            RateKind::MultiStep => RateShape::MultiStep {
                milestones: milestones.into_iter().map(in_steps).collect(),
                factor,
            },
        };
        let period = if per_epoch { epoch } else { 1 };
        let learning_rate = LearningRate {
            initial,
            shape,
            warm_up: in_steps(warm_up),
            period,
            steps,
        };
        let prune = &config.prune;
        let ramp = (prune.method == Method::Progressive)
            .then(|| {
                let (start, end) = (in_steps(prune.start), in_steps(prune.end));
                let every = match prune.every.parse::<Length>() {
                    Ok(length) => in_steps(length),
                    Err(_) => epoch.min(steps / 20),
                }
                .max(1);
                if start >= end || end > steps {
                    return Err(Error::config(
                        format!(
                            "the ramp of sparsity runs from step {start} to step {end} of {steps}"
                        ),
                        "prune.start must be before prune.end, and prune.end within the run",
                    ));
                }
                Ok(Ramp {
                    initial: prune.initial,
                    target: prune.sparsity,
                    start,
                    end,
                    every,
                })
            })
            .transpose()?;
        Ok(Self {
            steps,
            epoch,
            learning_rate,
            ramp,
        })
    }
}

/// What a run tells while it goes on.
pub trait Observer {
    /// Steps that were read back, the first of which was `first`; their losses are means of a batch.
    fn steps(&mut self, first: u32, records: &[Record], schedule: &Schedule) -> Result<()>;
    /// A mask update before `step`: kept weights of each prunable tensor.
    fn pruned(&mut self, step: u32, sparsity: f64, kept: &[u32]) -> Result<()>;
    /// The end of an epoch, or of the run.
    fn epoch(&mut self, summary: &EpochSummary) -> Result<()>;
}

/// One line of a training curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochSummary {
    /// From 1.
    pub epoch: u32,
    /// Steps so far.
    pub step: u32,
    /// Over the steps of the epoch.
    pub train: Score,
    /// On the images held out of training, if any.
    pub validation: Option<Score>,
    /// On the test set.
    pub test: Score,
    /// Realised, of the prunable weights.
    pub sparsity: f64,
    /// Since the first step.
    pub seconds: f64,
}

/// What a finished run reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// The last epoch, whether or not it was the best.
    pub last: EpochSummary,
    /// Weights that are not removed.
    pub kept: u32,
    /// Training images a second, after the first step and without evaluation.
    pub images_per_second: f64,
    /// When the first step was done.
    pub first_step: Instant,
}

/// How long the metrics table may go unread, so that a person sees progress.
const UNREAD: Duration = Duration::from_secs(1);

/// Trains and prunes from the initial weights of `config` to the end of `schedule`.
///
/// # Errors
/// A loss, gradient or update that is not finite, a mask that is not what was asked for, or a device that fails.
pub fn train(
    session: &mut Session,
    config: &Config,
    schedule: &Schedule,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    session.initialise(config)?;
    let mut clock = Clock::start();
    let mut tally = Tally::default();
    let mut kept = session.prunable().to_vec();
    let mut first_step = None;
    let mut last = None;
    for step in 0..schedule.steps {
        if step % schedule.epoch == 0 {
            session.shuffle(step / schedule.epoch);
        }
        let update = schedule.ramp.and_then(|ramp| ramp.due(step));
        if let Some(sparsity) = update {
            session.prune(&wanted(session, config.prune.scope, sparsity))?;
        }
        session.step(step, schedule.learning_rate.at(step), &config.optimiser)?;
        let ends_epoch = (step + 1) % schedule.epoch == 0 || step + 1 == schedule.steps;
        if ends_epoch
            || update.is_some()
            || session.is_full()
            || step == 0
            || clock.unread.elapsed() > UNREAD
        {
            let first = step + 1 - session.unread();
            let readings = session.read()?;
            observer.steps(first, &readings.records, schedule)?;
            tally.add(first, &readings.records, session)?;
            kept = readings.kept;
            clock.unread = Instant::now();
        }
        if let Some(sparsity) = update {
            check_kept(
                &kept,
                &wanted(session, config.prune.scope, sparsity),
                session,
            )?;
            warn_of_collapse(&kept, session, step);
            observer.pruned(step, session.sparsity(&kept), &kept)?;
        }
        let first_step = *first_step.get_or_insert_with(|| clock.begin_steady());
        if ends_epoch {
            clock.pause(&tally.score);
            let summary = EpochSummary {
                epoch: step / schedule.epoch + 1,
                step: step + 1,
                train: tally.take(),
                validation: session
                    .has_validation()
                    .then(|| session.evaluate(ImageSet::Validation))
                    .transpose()?,
                test: session.evaluate(ImageSet::Test)?,
                sparsity: session.sparsity(&kept),
                seconds: first_step.elapsed().as_secs_f64(),
            };
            observer.epoch(&summary)?;
            last = Some((summary, first_step));
            clock.resume();
        }
    }
    let (last, first_step) = last.expect("a run has at least one step");
    let images_per_second = clock.images_per_second();
    Ok(Outcome {
        last,
        kept: kept.iter().sum(),
        images_per_second,
        first_step,
    })
}

/// How many weights each segment shall keep at this sparsity.
fn wanted(session: &Session, scope: Scope, sparsity: f64) -> Vec<u32> {
    match scope {
        Scope::Global => vec![kept_at(sparsity, session.prunable().iter().sum())],
        Scope::Layer => session
            .prunable()
            .iter()
            .map(|&count| kept_at(sparsity, count))
            .collect(),
    }
}

/// Compares what a mask update kept with what was asked for.
fn check_kept(kept: &[u32], wanted: &[u32], session: &Session) -> Result<()> {
    let fault = |what: String| Err(Error::kernel("the mask update", what));
    if wanted.len() == kept.len() {
        for ((kept, wanted), name) in kept.iter().zip(wanted).zip(session.prunable_names()) {
            if kept != wanted {
                return fault(format!(
                    "{name} keeps {kept} weights, {wanted} were asked for"
                ));
            }
        }
    }
    let (kept, wanted) = (kept.iter().sum::<u32>(), wanted.iter().sum::<u32>());
    if kept != wanted {
        return fault(format!(
            "the network keeps {kept} weights, {wanted} were asked for"
        ));
    }
    Ok(())
}

/// A tensor without weights cuts the network.
fn warn_of_collapse(kept: &[u32], session: &Session, step: u32) {
    for (_, name) in kept
        .iter()
        .zip(session.prunable_names())
        .filter(|(kept, _)| **kept == 0)
    {
        log::warn!(
            "layer collapse: {name} has no weight left at step {step}; lower the sparsity or rank each layer by itself"
        );
    }
}

/// Sums of the steps of an epoch.
#[derive(Default)]
struct Tally {
    score: Score,
}

impl Tally {
    fn add(&mut self, first: u32, records: &[Record], session: &Session) -> Result<()> {
        for (step, record) in (first..).zip(records) {
            if let Some(fault) = record.fault() {
                let place = match fault {
                    Fault::Loss => "the loss".to_owned(),
                    Fault::Gradient(position) => {
                        format!("the gradient of {}", session.parameter_at(position))
                    }
                    Fault::Update(position) => {
                        format!("the update of {}", session.parameter_at(position))
                    }
                };
                return Err(Error::new(
                    ErrorKind::Diverged,
                    format!("{place} is not finite at step {step}"),
                    "lower --lr, or start with a warm-up: --set learning_rate.warm_up=\"1ep\"",
                ));
            }
            self.score.add(record);
        }
        Ok(())
    }

    fn take(&mut self) -> Score {
        std::mem::take(&mut self.score)
    }
}
