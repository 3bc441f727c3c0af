//! Learning rate and sparsity as functions of the step.

mod curve;
mod rate;
mod regrowth;
mod rounds;

pub use curve::Curve;
pub use rate::{LearningRate, OneCycle, RateShape};
pub use regrowth::{Regrowth, moved_at};
pub use rounds::{Moment, Rounds};

use super::Length;
use crate::config::{Config, Scope};
use crate::error::{Error, Result};
use crate::ops::{Criterion, Growth};

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
    /// The sparsity of the random mask that the run begins with, and how it is spread, if it does.
    pub sparse_start: Option<(Scope, f64)>,
    /// When weights grow back, if they do.
    pub regrowth: Option<Regrowth>,
    /// The rounds of training, if there are several.
    pub rounds: Option<Rounds>,
}

impl Schedule {
    /// The schedule that `config` means for so many training images.
    ///
    /// # Errors
    /// Fewer images than one batch, a run without steps, a cosine without length, or a ramp that does not fit into the run.
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
        let prune = &config.prune;
        let rounds = Rounds::new(prune, epoch, steps)?;
        let total = rounds.map_or(steps, |rounds| rounds.steps());
        let steps = rounds.map_or(steps, |rounds| rounds.length);
        let in_steps = |length: Length| length.steps(epoch, steps);
        let learning_rate = LearningRate::new(&config.learning_rate, epoch, steps)?;
        let ramp = (prune.prunes() && rounds.is_none())
            .then(|| {
                let (start, end) = (in_steps(prune.start), in_steps(prune.end));
                let every = match prune.every.parse::<Length>() {
                    Ok(length) => in_steps(length),
                    Err(_) => epoch.min(steps / 20),
                }
                .max(1);
                if start >= end || end > steps {
                    return Err(Error::config(
                        format!("the sparsity rises from step {start} to step {end} of {steps}"),
                        "prune.start must be before prune.end, and prune.end within the run",
                    ));
                }
                if start == 0 && prune.criterion == Criterion::Movement {
                    return Err(Error::config(
                        "prune.criterion is movement, but the first mask comes before the first step, when no weight has moved",
                        "set prune.start to a later step, such as 1it or 1ep",
                    ));
                }
                Ok(Ramp {
                    curve: prune.schedule,
                    initial: prune.initial,
                    target: prune.sparsity,
                    start,
                    end,
                    every,
                })
            })
            .transpose()?;
        let regrowth = match ramp {
            Some(Ramp { start, every, .. }) if prune.regrow != Growth::None => {
                let end = in_steps(prune.regrow_end);
                if end > steps || end <= start {
                    return Err(Error::config(
                        format!("weights grow from step {start} to step {end} of {steps}"),
                        "prune.start must be before prune.regrow_end, and prune.regrow_end within the run",
                    ));
                }
                if start + every >= end {
                    return Err(Error::config(
                        format!(
                            "weights grow every {every} steps after step {start} and before step {end}, so never"
                        ),
                        "give a shorter prune.every, a later prune.regrow_end, or more --epochs",
                    ));
                }
                Some(Regrowth {
                    share: prune.regrow_share,
                    least: prune.regrow_least,
                    start,
                    end,
                    every,
                })
            }
            _ => None,
        };
        let sparsity = match prune.schedule {
            Curve::Constant => prune.sparsity,
            _ => prune.initial,
        };
        let sparse_start = (prune.sparse_start.scope())
            .filter(|_| sparsity > 0.0 && prune.prunes())
            .map(|scope| (scope, sparsity));
        Ok(Self {
            steps: total,
            epoch,
            learning_rate,
            ramp,
            sparse_start,
            regrowth,
            rounds,
        })
    }

    /// Where in the rounds of training a step is; without several, in the only one.
    pub fn moment(&self, step: u32) -> Moment {
        let only = Moment {
            round: 0,
            step,
            first: 0,
        };
        self.rounds.map_or(only, |rounds| rounds.moment(step))
    }

    /// The number, from 0, of the order in which a step takes images.
    pub fn order_of(&self, step: u32) -> u32 {
        self.moment(step).step / self.epoch
    }

    /// Learning rate of a step.
    pub fn rate(&self, step: u32) -> f64 {
        self.learning_rate.at(self.moment(step).step)
    }

    /// The number, from 1, of the epoch that a step is in.
    pub fn epoch_of(&self, step: u32) -> u32 {
        let Moment { round, step, first } = self.moment(step);
        let before = self
            .rounds
            .map_or(0, |rounds| rounds.epochs_before(round, self.epoch));
        before + step / self.epoch - first / self.epoch + 1
    }

    /// Whether an epoch, a round or the run ends with a step.
    pub fn ends_epoch(&self, step: u32) -> bool {
        let next = self.moment(step + 1);
        next.step.is_multiple_of(self.epoch)
            || next.round > self.moment(step).round
            || step + 1 == self.steps
    }

    /// Steps of training at the last sparsity, where weights are removed in the course of training; whether weights move then makes
    /// no difference.
    pub fn steps_at_target(&self) -> Option<u32> {
        match (self.rounds, self.ramp) {
            _ if self.target() == 0.0 => None,
            (Some(rounds), _) => (rounds.count > 0).then_some(rounds.length - rounds.rewind),
            (None, ramp) => (ramp?.last())
                .filter(|&last| last > 0)
                .map(|last| self.steps - last),
        }
    }

    /// Sparsity at the end, 0 where nothing is removed.
    pub fn target(&self) -> f64 {
        let rounds = self.rounds.map(|rounds| rounds.target);
        let ramp = self.ramp.map(|ramp| ramp.target);
        rounds.or(ramp).unwrap_or(0.0)
    }
}

/// A rise of sparsity: updates every `every` steps from `start` on, before `end`.
///
/// Each update reaches the sparsity of the end of its period, so that the last one lands on the target and
/// training goes on at it (the inclusive convention of progressive magnitude pruning, Qureshi et al. 2026). Updates
/// that would reach no more than the one before are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    /// How it rises.
    pub curve: Curve,
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
        if !due {
            return None;
        }
        let update = (step - self.start) / self.every;
        let share = self.share(update + 1);
        let rises = update == 0 || self.share(update) < share;
        // A share of 1 must be the target without a rounding, and no sparsity may round to more than that.
        let sparsity = self.initial + (self.target - self.initial) * share;
        let sparsity = if share < 1.0 { sparsity } else { self.target };
        rises.then_some(sparsity.min(self.target))
    }

    /// The share of the way after so many updates.
    fn share(&self, updates: u32) -> f64 {
        let steps = f64::from(updates) * f64::from(self.every);
        let window = f64::from(self.end - self.start);
        self.curve.at((steps / window).min(1.0))
    }

    /// Number of updates.
    pub fn updates(&self) -> usize {
        self.steps().count()
    }

    /// Step of the last update.
    pub fn last(&self) -> Option<u32> {
        self.steps().last()
    }

    fn steps(&self) -> impl Iterator<Item = u32> {
        let steps = (self.start..self.end).step_by(self.every as usize);
        steps.filter(|&step| self.due(step).is_some())
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
    fn a_ramp_keeps_the_published_numbers_of_weights() {
        let ramp = Ramp {
            curve: Curve::Linear,
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
        let curves = [
            Curve::Linear,
            Curve::Cubic,
            Curve::OneCycle {
                alpha: 14.0,
                beta: 5.0,
            },
            Curve::Cosine,
            Curve::OneShot,
            Curve::Iterative(3),
        ];
        let windows = [
            (0, 345, 23),
            (0, 345, 22),
            (7, 100, 93),
            (3, 10, 50),
            (0, 1, 1),
        ];
        for curve in curves {
            for (start, end, every) in windows {
                for initial in [0.0, 0.2, 0.9] {
                    let ramp = Ramp {
                        curve,
                        initial,
                        target: 0.9,
                        start,
                        end,
                        every,
                    };
                    let updates: Vec<f64> = (0..500).filter_map(|step| ramp.due(step)).collect();
                    assert_eq!(updates.len(), ramp.updates());
                    assert_eq!(updates.last(), Some(&0.9), "{curve}");
                    assert!(updates.is_sorted(), "{curve} from {initial}");
                }
            }
        }
    }

    /// Those of GraNet (Liu et al. 2021), whose window of 80 epochs of 352 steps has 28 whole thousands.
    #[test]
    fn a_cubic_ramp_has_the_published_values() {
        let ramp = Ramp {
            curve: Curve::Cubic,
            initial: 0.5,
            target: 0.9,
            start: 0,
            end: 80 * 352,
            every: 1000,
        };
        let wanted = [(1, 0.541_345), (7, 0.731_25), (14, 0.85), (27, 0.899_982)];
        let short = Ramp {
            end: 28_000,
            ..ramp
        };
        for (i, sparsity) in wanted {
            let own = short.due((i - 1) * 1000).expect("an update");
            assert!((own - sparsity).abs() < 1e-6, "{i}: {own}");
        }
        assert_eq!(short.updates(), 28);
        let last = (0..ramp.end).rev().find_map(|step| ramp.due(step));
        assert_eq!(last, Some(0.9), "the last one lands on the target");
    }

    #[test]
    fn updates_that_reach_nothing_new_are_left_out() {
        let ramp = |curve| Ramp {
            curve,
            initial: 0.0,
            target: 0.9,
            start: 10,
            end: 40,
            every: 5,
        };
        let updates = |curve| -> Vec<(u32, f64)> {
            let ramp = ramp(curve);
            (0..50)
                .filter_map(|step| Some((step, ramp.due(step)?)))
                .collect()
        };
        assert_eq!(updates(Curve::OneShot), [(10, 0.9)]);
        let jumps: Vec<u32> = updates(Curve::Iterative(3))
            .iter()
            .map(|update| update.0)
            .collect();
        assert_eq!(
            jumps,
            [10, 20, 30],
            "a third of the way after two of six updates"
        );
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
