//! Learning rate and sparsity as functions of the step.

use super::Length;
use crate::config::{Config, LearningRateConfig, Method, RateKind};
use crate::error::{Error, Result};
use std::f64::consts::PI;

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

/// How the learning rate changes over a run.
#[derive(Debug, Clone, PartialEq)]
pub struct LearningRate {
    /// Before any change.
    pub initial: f64,
    /// What it does after the warm-up.
    pub shape: RateShape,
    /// Steps over which it first rises linearly from 0.
    pub warm_up: u32,
    /// Steps that share one rate: 1, or those of an epoch.
    pub period: u32,
    /// Steps of the run.
    pub steps: u32,
}

/// What the learning rate does after the warm-up.
#[derive(Debug, Clone, PartialEq)]
pub enum RateShape {
    /// Nothing.
    Constant,
    /// Falls to `minimum` at the end of the run as half a cosine (Loshchilov and Hutter 2017, equation 5, one cycle).
    Cosine {
        /// At the end.
        minimum: f64,
    },
    /// Is multiplied by `factor` at each milestone.
    MultiStep {
        /// Steps.
        milestones: Vec<u32>,
        /// For example 0.1.
        factor: f64,
    },
}

impl LearningRate {
    /// The rate of a step, counted from 0.
    pub fn at(&self, step: u32) -> f64 {
        let step = step / self.period * self.period;
        let rate = match &self.shape {
            RateShape::Constant => self.initial,
            RateShape::Cosine { minimum } => {
                let progress = f64::from(step) / f64::from(self.steps);
                minimum + (self.initial - minimum) * (1.0 + libm::cos(PI * progress)) / 2.0
            }
            RateShape::MultiStep { milestones, factor } => {
                let passed = milestones
                    .iter()
                    .filter(|&&milestone| step >= milestone)
                    .count();
                milestones
                    .iter()
                    .take(passed)
                    .fold(self.initial, |rate, _| rate * factor)
            }
        };
        // The rate that the end of the step, or of the epoch, has reached.
        let reached = f64::from(step.saturating_add(self.period)) / f64::from(self.warm_up.max(1));
        rate * reached.min(1.0)
    }
}

/// A linear ramp of sparsity: updates every `every` steps from `start` on, before `end`.
///
/// Each update reaches the sparsity of the end of its period, so that the last one lands on the target and
/// training goes on at it (the inclusive convention of progressive magnitude pruning, Qureshi et al. 2026).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    /// Before the first update.
    pub initial: f64,
    /// After the last update.
    pub target: f64,
    /// Step of the first update.
    pub start: u32,
    /// First step after the ramp.
    pub end: u32,
    /// Steps between updates.
    pub every: u32,
}

impl Ramp {
    /// The sparsity to reach before this step, if an update is due there.
    pub fn due(&self, step: u32) -> Option<f64> {
        let due = (self.start..self.end).contains(&step)
            && (step - self.start).is_multiple_of(self.every);
        due.then(|| {
            let progress = f64::from((step - self.start).saturating_add(self.every))
                / f64::from(self.end - self.start);
            self.initial + (self.target - self.initial) * progress.min(1.0)
        })
    }

    /// Number of updates.
    pub fn updates(&self) -> u32 {
        (self.end - self.start).div_ceil(self.every)
    }
}

/// How many of `count` weights are kept at this sparsity: `(1 - sparsity) * count` rounded to the nearest, halves
/// to even, but at least one.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and count"
)]
pub fn kept_at(sparsity: f64, count: u32) -> u32 {
    (((1.0 - sparsity) * f64::from(count)).round_ties_even() as u32).clamp(1, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cosine_gives_the_published_rates() {
        let shape = RateShape::Cosine { minimum: 0.0 };
        let rate = LearningRate {
            initial: 0.1,
            shape,
            warm_up: 0,
            period: 348,
            steps: 200 * 348,
        };
        for (epoch, expected) in [
            (0, 0.1),
            (50, 0.085_355_3),
            (100, 0.05),
            (150, 0.014_644_7),
            (199, 6.17e-6),
        ] {
            assert!(
                (rate.at(epoch * 348 + 100) - expected).abs() < 1e-7,
                "{epoch}"
            );
        }
    }

    #[test]
    fn warm_up_rises_to_the_rate_and_milestones_divide_it() {
        let shape = RateShape::MultiStep {
            milestones: vec![80, 120],
            factor: 0.1,
        };
        let rate = LearningRate {
            initial: 0.1,
            shape,
            warm_up: 10,
            period: 1,
            steps: 160,
        };
        for (step, expected) in [
            (0, 0.01),
            (9, 0.1),
            (79, 0.1),
            (80, 0.01),
            (119, 0.01),
            (120, 0.001),
        ] {
            assert!((rate.at(step) - expected).abs() < 1e-12, "{step}");
        }
    }

    #[test]
    fn a_warm_up_by_epochs_rises_to_the_rate_at_its_last_epoch() {
        let rate = LearningRate {
            initial: 0.1,
            shape: RateShape::Constant,
            warm_up: 500,
            period: 100,
            steps: 1000,
        };
        for (step, expected) in [(0, 0.02), (99, 0.02), (100, 0.04), (450, 0.1), (999, 0.1)] {
            assert!((rate.at(step) - expected).abs() < 1e-12, "{step}");
        }
    }

    #[test]
    fn a_ramp_keeps_the_published_numbers_of_weights() {
        let ramp = Ramp {
            initial: 0.0,
            target: 0.729,
            start: 0,
            end: 200,
            every: 1,
        };
        for (epoch, kept) in [(0, 11_123_658), (99, 7_094_946), (199, 3_025_539)] {
            let sparsity = ramp.due(epoch).unwrap_or_default();
            assert_eq!(kept_at(sparsity, 11_164_352), kept, "{epoch}");
        }
        assert_eq!(kept_at(0.98, 266_200), 5_324);
        assert_eq!(kept_at(0.789, 266_200), 56_168);
    }

    #[test]
    fn the_last_update_lands_on_the_target_whatever_the_period() {
        for (start, end, every) in [
            (0, 345, 23),
            (0, 345, 22),
            (7, 100, 93),
            (3, 10, 50),
            (0, 1, 1),
        ] {
            let ramp = Ramp {
                initial: 0.0,
                target: 0.9,
                start,
                end,
                every,
            };
            let updates: Vec<f64> = (0..500).filter_map(|step| ramp.due(step)).collect();
            assert_eq!(updates.len(), ramp.updates() as usize);
            assert_eq!(updates.last(), Some(&0.9));
            assert!(updates.is_sorted());
        }
    }

    #[test]
    fn halves_round_to_even_and_one_weight_always_stays() {
        assert_eq!(
            [
                kept_at(0.5, 5),
                kept_at(0.5, 7),
                kept_at(0.9999, 100),
                kept_at(0.0, 9)
            ],
            [2, 4, 1, 9]
        );
    }
}
