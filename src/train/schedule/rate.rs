//! The learning rate, and the momentum where a schedule moves it, as functions of the step.

use crate::config::{LearningRateConfig, OneCycleConfig, RateKind};
use crate::error::{Error, Result};
use std::f64::consts::PI;

/// How the learning rate changes over a run.
#[derive(Debug, Clone, PartialEq)]
pub struct LearningRate {
    /// Before any change; of one cycle, the highest.
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
    /// Falls to `minimum` as half a cosine (Loshchilov and Hutter 2017, equation 5), and rises and falls on along it if
    /// the run is longer than that.
    Cosine {
        /// Where it is lowest.
        minimum: f64,
        /// Steps to get there.
        half_period: u32,
    },
    /// Is multiplied by `factor` at each milestone.
    MultiStep {
        /// Steps.
        milestones: Vec<u32>,
        /// For example 0.1.
        factor: f64,
    },
    /// Rises and falls once.
    OneCycle(OneCycle),
}

/// A rate that rises to its highest and falls to far below where it began, both as half a cosine, with a momentum that
/// does the opposite (Smith and Topin 2019, "Super-convergence", section 3), as PyTorch's `OneCycleLR`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneCycle {
    /// Share of the run over which the rate rises.
    pub rise: f64,
    /// Rates of the first and of the last step, as shares of the highest.
    pub ends: [f64; 2],
    /// Momentum at the ends, and where the rate is highest.
    pub momentum: [f64; 2],
}

impl OneCycle {
    fn new(config: &OneCycleConfig) -> Self {
        let OneCycleConfig {
            pct_start,
            div_factor,
            final_div_factor,
            base_momentum,
            max_momentum,
        } = *config;
        Self {
            rise: pct_start,
            ends: [1.0 / div_factor, 1.0 / div_factor / final_div_factor],
            momentum: [max_momentum, base_momentum].map(f64::from),
        }
    }

    /// Between `ends`, at the first and the last of `count` moments, by way of `top`.
    fn along(&self, [first, last]: [f64; 2], top: f64, moment: u32, count: u32) -> f64 {
        let (moment, end) = (f64::from(moment), f64::from(count) - 1.0);
        let turn = self.rise * f64::from(count) - 1.0;
        if moment < turn {
            half_cosine(first, top, moment / turn)
        } else {
            half_cosine(top, last, (moment - turn) / (end - turn))
        }
    }
}

/// From `start` at progress 0 to `end` at 1.
fn half_cosine(start: f64, end: f64, progress: f64) -> f64 {
    end + (start - end) * (1.0 + libm::cos(PI * progress)) / 2.0
}

impl LearningRate {
    /// The rate that `config` means, for epochs of `epoch` steps in a run of `steps`.
    ///
    /// # Errors
    /// A cosine of no length.
    pub(super) fn new(config: &LearningRateConfig, epoch: u32, steps: u32) -> Result<Self> {
        let shape = match config.schedule {
            RateKind::Constant => RateShape::Constant,
            RateKind::Cosine => {
                let half_period = config.half_period.steps(epoch, steps);
                if half_period == 0 {
                    let length = config.half_period;
                    return Err(Error::config(
                        format!(
                            "learning_rate.half_period is {length}, so the cosine has no steps"
                        ),
                        "it must be at least one step; 100% is the run",
                    ));
                }
                RateShape::Cosine {
                    minimum: config.minimum,
                    half_period,
                }
            }
            RateKind::MultiStep => {
                let milestones = config.milestones.iter();
                RateShape::MultiStep {
                    milestones: milestones.map(|at| at.steps(epoch, steps)).collect(),
                    factor: config.factor,
                }
            }
            RateKind::OneCycle => RateShape::OneCycle(OneCycle::new(&config.one_cycle)),
        };
        Ok(Self {
            initial: config.initial,
            shape,
            warm_up: config.warm_up.steps(epoch, steps),
            period: if config.per_epoch { epoch } else { 1 },
            steps,
        })
    }

    /// The rate of a step, counted from 0.
    pub fn at(&self, step: u32) -> f64 {
        let (moment, count) = self.moment(step);
        let step = moment * self.period;
        let rate = match &self.shape {
            RateShape::Constant => self.initial,
            RateShape::Cosine {
                minimum,
                half_period,
            } => {
                let progress = f64::from(step) / f64::from(*half_period);
                half_cosine(self.initial, *minimum, progress)
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
            RateShape::OneCycle(cycle) => {
                let ends = cycle.ends.map(|share| share * self.initial);
                cycle.along(ends, self.initial, moment, count)
            }
        };
        // The rate that the end of the step, or of the epoch, has reached.
        let reached = f64::from(step.saturating_add(self.period)) / f64::from(self.warm_up.max(1));
        rate * reached.min(1.0)
    }

    /// The momentum of a step, counted from 0, if it is not the optimiser's own.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "rounding to f32 is what is wanted"
    )]
    pub fn momentum_at(&self, step: u32) -> Option<f32> {
        let (moment, count) = self.moment(step);
        match &self.shape {
            RateShape::OneCycle(cycle) => {
                let [ends, top] = cycle.momentum;
                Some(cycle.along([ends; 2], top, moment, count) as f32)
            }
            _ => None,
        }
    }

    /// Which stretch of one rate a step is in, and how many there are.
    fn moment(&self, step: u32) -> (u32, u32) {
        (step / self.period, self.steps.div_ceil(self.period))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cosine_gives_the_published_rates() {
        let shape = RateShape::Cosine {
            minimum: 0.0,
            half_period: 200 * 348,
        };
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
}
