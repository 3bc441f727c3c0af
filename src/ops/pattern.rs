//! N of M: of every M neighbouring weights along the inputs of an output, N stay (Mishra et al. 2021, Accelerating Sparse
//! Deep Neural Networks).

use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

const KEYS: Kernel = kernel!("pattern_keys", "grid", "selection");

/// Has an exact selection by keys come to such a pattern: the weights that stay in the end rank above all others, and these
/// and those among each other as before. A selection of more weights than the pattern keeps then takes some of the others,
/// one of exactly as many takes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    /// Outputs of the layer.
    pub outputs: u32,
    /// Channels of its input. Weights lie by position, then channel, then output.
    pub channels: u32,
    /// Positions of each channel. Neighbours are those of a channel, and then those of the next.
    pub positions: u32,
    /// Weights of each stretch that stay.
    pub kept: u32,
    /// Neighbours in a stretch.
    pub size: u32,
}

impl Pattern {
    /// The `keys` of magnitudes (see [`Score`](super::Score)), whose highest bit is free, get that bit for the weights that
    /// stay: of each stretch the active ones of the largest keys, the first of equal ones. What `mask` keeps is active.
    ///
    /// # Panics
    /// If `keys` has not 32 elements for each word of the mask, or fewer than there are weights, or stretches do not divide
    /// the inputs.
    pub fn record(&self, plan: &mut Plan, mask: &Tensor, keys: &Tensor) {
        let inputs = self.channels * self.positions;
        keys.expect_len(&[mask.len(), 32]);
        assert!(inputs * self.outputs <= keys.len(), "a key of each weight");
        assert!(
            inputs.is_multiple_of(self.size),
            "stretches of {} divide {inputs} inputs",
            self.size
        );
        let stretches = inputs / self.size * self.outputs;
        let constants: [Constant; 6] = [
            ("OUTPUTS", self.outputs.into()),
            ("CHANNELS", self.channels.into()),
            ("POSITIONS", self.positions.into()),
            ("SIZE", self.size.into()),
            ("KEPT", self.kept.into()),
            ("STRETCHES", stretches.into()),
        ];
        plan.elementwise(&KEYS, &constants, &[mask, keys], stretches);
    }
}
