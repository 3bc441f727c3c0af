//! When weights grow back, and how many.

use std::f64::consts::PI;

/// Updates every `every` steps after `start`, before `end`, at each of which a share of the weights of every layer moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regrowth {
    /// The share at step 0.
    pub share: f64,
    /// The share at `end`.
    pub least: f64,
    /// Step after which the updates begin.
    pub start: u32,
    /// First step without any.
    pub end: u32,
    /// Steps between updates.
    pub every: u32,
}

impl Regrowth {
    /// The share that moves before this step, if an update is due there: half a cosine over the steps from 0 to `end` (Evci
    /// et al. 2020, Rigging the Lottery, section 3; with a `least` share, Liu et al. 2021, Sparse Training via Boosting
    /// Pruning Plasticity with Neuroregeneration, section 4).
    pub fn due(&self, step: u32) -> Option<f64> {
        let inside = step > self.start && step < self.end;
        let due = inside && (step - self.start).is_multiple_of(self.every);
        due.then(|| self.at(step))
    }

    fn at(&self, step: u32) -> f64 {
        let progress = f64::from(step) / f64::from(self.end);
        let share = f64::midpoint(1.0, (PI * progress).cos());
        self.least + (self.share - self.least) * share
    }
}

/// How many of `kept` weights move where this share does, rounded up as GraNet's code does.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and kept"
)]
pub fn moved_at(share: f64, kept: u32) -> u32 {
    // A share that is a whole number of weights must not become one more by a rounding.
    ((share * f64::from(kept) - 1e-6).ceil().max(0.0) as u32).min(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_fall_along_half_a_cosine_and_stop() {
        let regrowth = Regrowth {
            share: 0.5,
            least: 0.005,
            start: 0,
            end: 1000,
            every: 250,
        };
        let due: Vec<(u32, f64)> = (0..2000)
            .filter_map(|step| Some((step, regrowth.due(step)?)))
            .collect();
        // Worked out by hand: 0.005 + 0.495 (1 + cos(pi t / 1000)) / 2.
        let expected = [(250, 0.427_509), (500, 0.2525), (750, 0.077_491)];
        assert_eq!(due.len(), expected.len());
        for ((step, share), (at, wanted)) in due.iter().zip(expected) {
            assert!(*step == at && (share - wanted).abs() < 1e-6, "{share}");
        }
        // Those of GraNet's code.
        for (step, wanted) in [(0, 0.5), (500, 0.2525), (1000, 0.005)] {
            assert!((regrowth.at(step) - wanted).abs() < 1e-12, "{step}");
        }
    }

    #[test]
    fn shares_of_weights_are_rounded_up_to_no_more_than_there_are() {
        let moved = [
            (0.5, 7, 4),
            (0.3, 10, 3),
            (0.001, 5, 1),
            (1.0, 9, 9),
            (0.0, 9, 0),
        ];
        for (share, kept, expected) in moved {
            assert_eq!(moved_at(share, kept), expected, "{share} of {kept}");
        }
    }
}
