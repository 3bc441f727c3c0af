//! Weights that grow back where others are dropped, so that a mask moves and keeps its size.

use super::Prune;
use crate::gpu::{Constant, Kernel, Plan, Tensor, kernel};
use serde::{Deserialize, Serialize};

const CANDIDATES: Kernel = kernel!("regrow_candidates", "grid");
const MERGE: Kernel = kernel!("regrow_merge", "grid");

/// What grows back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Growth {
    /// Nothing: what is removed stays removed.
    None,
    /// The weights whose gradients are largest (Evci et al. 2020, Rigging the Lottery, section 3).
    Gradient,
    /// Random ones (Mocanu et al. 2018, Scalable training of artificial neural networks, "SET").
    Random,
}

/// Keeps the active weights of a tensor whose `kept` keys are largest, and then adds those whose `grown` keys are largest
/// among all others, the ones just dropped included. Equal keys count in the order of their positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regrow {
    /// Weights of the tensor, without its padding.
    pub length: u32,
    /// How many of the active weights are kept.
    pub kept: Prune,
    /// How many of the others are added.
    pub grown: Prune,
}

impl Regrow {
    /// Both keys and the `mask` are as [`Prune::record`] has them, and so are `selection` and `histogram`; `counts` has the
    /// entries of both numbers.
    ///
    /// # Panics
    /// If a tensor has another number of elements than that, or there are more weights than the mask has bits.
    pub fn record(
        &self,
        plan: &mut Plan,
        counts: &Tensor,
        [kept, grown, mask]: [&Tensor; 3],
        found: [&Tensor; 2],
    ) {
        grown.expect_len(&[kept.len()]);
        let words = mask.len();
        assert!(self.length <= words * 32, "a mask of all weights");
        self.kept.record(plan, counts, [kept, mask], found);
        let candidates = plan.scratch("candidates", &[words]);
        let count: Constant = ("WORDS", words.into());
        let constants = [count, ("LENGTH", self.length.into())];
        plan.elementwise(&CANDIDATES, &constants, &[mask, &candidates], words);
        self.grown.record(plan, counts, [grown, &candidates], found);
        plan.elementwise(&MERGE, &[count], &[&candidates, mask], words);
    }
}
