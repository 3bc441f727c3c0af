//! What training takes, in multiply-adds of convolutions and linear layers.

use crate::net::OnPaths;
use serde::{Deserialize, Serialize};

/// The weights of a convolution or linear layer, and what they take of a pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerCount {
    /// The name of the weights.
    pub name: String,
    /// How many there are.
    pub weights: u32,
    /// Those that the mask keeps; all, where `prune.exclude` leaves the layer as it is.
    pub kept: u32,
    /// Multiply-adds for one image with all weights.
    pub macs: u64,
    /// What lies on paths, of a finished run; none in those of earlier versions.
    #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
    pub on_paths: Option<OnPaths>,
}

impl LayerCount {
    /// Multiply-adds for one image with the weights that are kept: each has a part in every pixel of the output.
    pub fn left(&self) -> u64 {
        // A record may be damaged, and say that there are none.
        let pixels = self.macs.checked_div(self.weights.into());
        (pixels.unwrap_or_default()).saturating_mul(self.kept.into())
    }

    /// Whether no weight is left, or the last one.
    pub fn is_collapsed(&self) -> bool {
        self.kept < 2 && self.kept < self.weights
    }
}

/// How often a batch went through a network so that its weights could be ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Passes {
    /// From the images to the outputs.
    pub forwards: u32,
    /// And back, to the gradients of inputs and of weights.
    pub backwards: u32,
}

/// Multiply-adds that a run took so far if nothing is computed with a weight that is removed. They are counted for one image
/// of each batch, as all batches have as many. Evaluation is not training, and not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Of all steps, those of every round.
    pub training: u64,
    /// Of the passes that weights were ranked by.
    pub scoring: u64,
    /// How many of these went backwards.
    pub passes: u32,
}

impl Cost {
    /// Adds a step where a pass forwards takes `sparse` with the weights that are there, and `dense` with all.
    ///
    /// A step is a pass forwards, one backwards to the inputs and one to the weights, each of which takes as much. By the last
    /// of these a removed weight that may grow has a gradient, too, so where weights grow by the gradients of this step it is
    /// dense (Evci et al. 2020, Rigging the Lottery, appendix on the count of operations: `2 f_S + f_D` in place of `3 f_S`).
    pub(super) fn add_step(&mut self, sparse: u64, dense: u64, grows_by_gradients: bool) {
        let to_weights = if grows_by_gradients { dense } else { sparse };
        self.training += 2 * sparse + to_weights;
    }

    /// Adds passes that weights were ranked by, where one forwards takes `sparse`. A removed weight has no score, and so needs
    /// no gradient.
    pub(super) fn add_passes(&mut self, sparse: u64, passes: Passes) {
        let all = u64::from(passes.forwards) + 2 * u64::from(passes.backwards);
        self.scoring += all * sparse;
        self.passes += passes.backwards;
    }

    /// Training and scoring, as a multiple of `steps` steps where a pass forwards takes `dense`.
    pub fn relative(&self, dense: u64, steps: u32) -> f64 {
        (self.training + self.scoring) as f64 / whole(dense, steps)
    }

    /// Scoring alone, as a multiple of the same.
    pub fn relative_scoring(&self, dense: u64, steps: u32) -> f64 {
        self.scoring as f64 / whole(dense, steps)
    }
}

/// What training takes where no weight is ever removed.
fn whole(dense: u64, steps: u32) -> f64 {
    3.0 * dense as f64 * f64::from(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_three_passes_and_dense_where_gradients_of_removed_weights_are_asked_for() {
        let mut cost = Cost::default();
        cost.add_step(100, 1000, false);
        assert_eq!(cost.training, 300);
        cost.add_step(100, 1000, true);
        assert_eq!(cost.training, 300 + 200 + 1000);
        let passes = Passes {
            forwards: 3,
            backwards: 1,
        };
        cost.add_passes(1000, passes);
        assert_eq!((cost.scoring, cost.passes), (5000, 1));
        // Of ten dense steps, 30,000.
        assert!((cost.relative(1000, 10) - 6500.0 / 30_000.0).abs() < 1e-15);
        assert!((cost.relative_scoring(1000, 10) - 5000.0 / 30_000.0).abs() < 1e-15);
    }

    #[test]
    fn a_layer_is_collapsed_with_one_weight_of_several() {
        let layer = |weights, kept| LayerCount {
            name: "conv1.weight".into(),
            weights,
            kept,
            macs: u64::from(weights) * 9,
            on_paths: None,
        };
        assert_eq!(layer(40, 10).left(), 90);
        let collapsed = [(5, 0), (5, 1), (5, 2), (1, 1), (1, 0)]
            .map(|(weights, kept)| layer(weights, kept).is_collapsed());
        assert_eq!(collapsed, [true, true, false, false, true]);
    }
}
