//! Rounds of training, pruning and rewinding.

use crate::config::{Budget, PruneConfig};
use crate::error::{Error, Result};
use std::fmt;

/// A training, and then `count` times: some of the weights that are left are removed, the others go back to what they were
/// after `rewind` steps, and the training goes on from there (Frankle and Carbin 2019, The Lottery Ticket Hypothesis,
/// section 1; Frankle et al. 2020, Linear Mode Connectivity and the Lottery Ticket Hypothesis, section 3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rounds {
    /// How often weights are removed.
    pub count: u32,
    /// Steps after which a training is gone back to.
    pub rewind: u32,
    /// Steps of a whole training.
    pub length: u32,
    /// What a round leaves of the weights that there are.
    pub stays: f64,
    /// Sparsity in the last round.
    pub target: f64,
}

/// Where in the rounds a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// From 0, before anything is removed.
    pub round: u32,
    /// Of a training: what the learning rate and the order of the images follow.
    pub step: u32,
    /// The step of that training with which the round began, the optimiser at rest.
    pub first: u32,
}

impl Moment {
    /// Whether an order of images is drawn for it: it begins an epoch, or a round that begins within one.
    pub fn is_drawn_for(&self, epoch: u32) -> bool {
        self.step == self.first || self.step.is_multiple_of(epoch)
    }
}

impl Rounds {
    /// The rounds that `prune` asks for where its steps are `steps`, in epochs of `epoch`, if it asks for any.
    ///
    /// # Errors
    /// Too few steps, or a rewinding to what lies behind a training.
    pub(super) fn new(prune: &PruneConfig, epoch: u32, steps: u32) -> Result<Option<Self>> {
        let Some(rewind) = prune.rewinds()? else {
            return Ok(None);
        };
        let stays = 1.0 - prune.round_share;
        let count = rounds(stays, prune.sparsity);
        let trainings = count + 1;
        let length = match prune.round_budget {
            Budget::Each => steps,
            Budget::Shared => shared_length(steps, count, |length| rewind.steps(epoch, length)),
        };
        let rewind = rewind.steps(epoch, length);
        if length == 0 || rewind >= length {
            return Err(Error::config(
                format!(
                    "{steps} steps are too few for {trainings} trainings, {count} of which go on from prune.rewind = {}",
                    prune.rewind
                ),
                "give more --epochs, an earlier prune.rewind, or --set prune.round_budget=each, so that each training takes all",
            ));
        }
        let own = Self {
            count,
            rewind,
            length,
            stays,
            target: prune.sparsity,
        };
        if own.checked_steps().is_none() {
            return Err(Error::config(
                format!("{trainings} trainings of {length} steps are more than can be counted"),
                "give fewer --epochs, or a larger prune.round_share",
            ));
        }
        Ok(Some(own))
    }

    fn checked_steps(&self) -> Option<u32> {
        let again = self.count.checked_mul(self.length - self.rewind)?;
        self.length.checked_add(again)
    }

    /// Steps of all trainings.
    ///
    /// # Panics
    /// If they cannot be counted.
    pub fn steps(&self) -> u32 {
        self.checked_steps().expect("checked when it was made")
    }

    /// Where this step of all is.
    pub fn moment(&self, step: u32) -> Moment {
        let again = self.length - self.rewind;
        match step.checked_sub(self.length) {
            None => Moment {
                round: 0,
                step,
                first: 0,
            },
            Some(since) => Moment {
                round: 1 + since / again,
                step: self.rewind + since % again,
                first: self.rewind,
            },
        }
    }

    /// Sparsity of a round.
    pub fn sparsity(&self, round: u32) -> f64 {
        if round == self.count {
            self.target
        } else {
            1.0 - self.stays.powf(round.into())
        }
    }

    /// Epochs, whole or not, that end before `round` begins.
    pub fn epochs_before(&self, round: u32, epoch: u32) -> u32 {
        let last = self.length.div_ceil(epoch);
        match round.checked_sub(1) {
            None => 0,
            Some(others) => last + others * (last - self.rewind / epoch),
        }
    }
}

impl fmt::Display for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            count,
            rewind,
            length,
            ..
        } = self;
        write!(
            f,
            "a training of {length} steps, and then {count} more from step {rewind} of it: {} steps in all",
            self.steps()
        )
    }
}

/// The longest training such that it and `count` more, each from the step that `rewind` gives of its length, take no more
/// than `steps`; 0 if there is none.
fn shared_length(steps: u32, count: u32, rewind: impl Fn(u32) -> u32) -> u32 {
    let fits = |length: u32| {
        let again = length.saturating_sub(rewind(length)).max(1);
        u64::from(length) + u64::from(count) * u64::from(again) <= u64::from(steps)
    };
    let (mut low, mut high) = (0, steps);
    while low < high {
        let middle = high - (high - low) / 2;
        if fits(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

/// Rounds until no more than the target is left.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a logarithm of a share"
)]
fn rounds(stays: f64, sparsity: f64) -> u32 {
    // A target that is a whole number of rounds must not become one more by a rounding.
    (((1.0 - sparsity).ln() / stays.ln() - 1e-9).ceil()).max(0.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{Length, kept_at};

    fn rounds_to(target: f64, rewind: u32, length: u32) -> Rounds {
        Rounds {
            count: rounds(0.8, target),
            rewind,
            length,
            stays: 0.8,
            target,
        }
    }

    /// With the linear layer and the two projections left dense, as the authors must have had it.
    #[test]
    fn the_published_densities_of_resnet_20_come_out() {
        let (all, dense) = (270_896_u32, 640 + 2_560);
        let published = [
            100.0, 80.24, 64.43, 51.78, 41.66, 33.56, 27.09, 21.91, 17.76, 14.44, 11.79, 9.67,
        ];
        let own = rounds_to(0.999, 0, 1);
        for (round, percent) in (0..).zip(published) {
            let kept = kept_at(own.sparsity(round), all - dense);
            let density = 100.0 * f64::from(kept + dense) / f64::from(all);
            assert!((density - percent).abs() < 0.005, "{round}: {density}");
        }
    }

    #[test]
    fn the_last_round_goes_no_further_than_the_target() {
        for (target, count) in [
            (0.9, 11),
            (0.8, 8),
            (0.2, 1),
            (0.36, 2),
            (0.0, 0),
            (0.98, 18),
        ] {
            let own = rounds_to(target, 0, 10);
            assert_eq!(own.count, count, "{target}");
            #[allow(clippy::float_cmp, reason = "the target must be met exactly")]
            {
                assert_eq!(own.sparsity(count), target);
            }
            assert!((1..count).all(|round| own.sparsity(round) < target));
        }
    }

    #[test]
    fn rounds_take_all_of_a_shared_length() {
        for (steps, count, rewind, length) in [
            (240, 11, "50%", 37),
            (240, 11, "0it", 20),
            (240, 11, "6it", 25),
            (19, 2, "2it", 7),
            (11, 11, "0it", 0),
            (100, 11, "1000it", 0),
        ] {
            let prune: Length = rewind.parse().expect(rewind);
            let own = shared_length(steps, count, |length| prune.steps(46, length));
            // A rewinding that lies behind a training leaves one step to each of the others, and is refused.
            if own > prune.steps(46, own) {
                assert_eq!(own, length, "{rewind} of {steps}");
            } else {
                assert!(length == 0, "{rewind} of {steps}: {own}");
            }
        }
    }

    #[test]
    fn every_round_goes_on_from_where_it_is_rewound_to() {
        let own = rounds_to(0.36, 3, 10);
        assert_eq!(own.steps(), 10 + 7 + 7);
        let at = |step| {
            let Moment { round, step, .. } = own.moment(step);
            (round, step)
        };
        let wanted = [
            (0, 0, 0),
            (9, 0, 9),
            (10, 1, 3),
            (16, 1, 9),
            (17, 2, 3),
            (23, 2, 9),
        ];
        for (step, round, within) in wanted {
            assert_eq!(at(step), (round, within), "{step}");
        }
        // Epochs of four steps: three at first, then from the first of them on again.
        assert_eq!(
            [0, 1, 2].map(|round| own.epochs_before(round, 4)),
            [0, 3, 6]
        );
        let late = rounds_to(0.36, 8, 12);
        assert_eq!([1, 2].map(|round| late.epochs_before(round, 4)), [3, 4]);
    }
}
