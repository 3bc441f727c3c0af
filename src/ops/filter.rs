//! Filters as wholes: all weights of an output of a convolution, or of a row of a linear layer, stay or go together (Li et al.
//! 2017, Pruning Filters for Efficient ConvNets, section 3.1).

use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};

const NORM: Kernel = kernel!("filter_norm", "score", "grid");
const SPREAD: Kernel = kernel!("filter_spread", "grid", "selection");

/// The filters of a tensor, whose weights lie by input, then filter. Between its two halves, an exact selection
/// ([`Prune`](super::Prune)) takes what is to stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// Filters: outputs of the layer.
    pub filters: u32,
    /// Weights of each.
    pub inputs: u32,
}

impl Filter {
    /// `keys` from the weights `w`: a filter's is that of its L1 norm by the number of its weights, so that filters of all
    /// sizes can be ranked together. `filters` gets a bit for each that `mask` keeps, lowest first, and 0 past the last.
    ///
    /// # Panics
    /// If `w` has not 32 elements for each word of the mask, or fewer than there are weights; or if `keys` has not 32 for
    /// each word of `filters`, fewer than there are filters, or more than there are weights.
    pub fn rank(&self, plan: &mut Plan, [w, mask]: [&Tensor; 2], [keys, filters]: [&Tensor; 2]) {
        w.expect_len(&[mask.len(), 32]);
        keys.expect_len(&[filters.len(), 32]);
        self.expect_filters(filters, mask);
        let slots = keys.len();
        let constants: [Constant; 3] = [
            ("FILTERS", self.filters.into()),
            ("INPUTS", self.inputs.into()),
            ("SLOTS", slots.into()),
        ];
        plan.elementwise(&NORM, &constants, &[w, mask, keys, filters], slots);
    }

    /// The weights of filters without a bit go from the `mask`.
    ///
    /// # Panics
    /// If there are more filters than `filters` has bits, or more weights than the mask has.
    pub fn spread(&self, plan: &mut Plan, filters: &Tensor, mask: &Tensor) {
        self.expect_filters(filters, mask);
        let words = mask.len();
        let constants: [Constant; 2] = [("FILTERS", self.filters.into()), ("WORDS", words.into())];
        plan.elementwise(&SPREAD, &constants, &[filters, mask], words);
    }

    fn expect_filters(&self, filters: &Tensor, mask: &Tensor) {
        assert!(self.filters <= filters.len() * 32, "a bit for each filter");
        assert!(
            self.filters * self.inputs <= mask.len() * 32,
            "a bit for each weight"
        );
        assert!(filters.len() <= mask.len(), "no more filters than weights");
    }
}
