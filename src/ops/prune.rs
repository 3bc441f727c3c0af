//! Exact pruning on the device, without reading anything back.
//!
//! The k-th largest key is found by histograms over its bits, 11, 11 and 10 at a time; ties are settled by position, so
//! exactly the asked number survives on every adapter.

use crate::gpu::{Constant, Grid, Kernel, Plan, Tensor, kernel};

const HISTOGRAM: Kernel = kernel!("prune_histogram", "grid", "selection");
const SELECT: Kernel = kernel!("prune_select", "selection");
const TIES: Kernel = kernel!("prune_ties", "grid", "selection");
const SCAN: Kernel = kernel!("prune_scan");
const APPLY: Kernel = kernel!("prune_apply", "grid", "selection");
const CLEAR: Kernel = kernel!("prune_clear", "grid", "mask");
const COPY: Kernel = kernel!("prune_copy", "grid", "mask");
const PROTECT: Kernel = kernel!("prune_protect", "selection");
const COUNT: Kernel = kernel!("prune_count");

/// Weights that one invocation walks through; every segment is a multiple of it.
pub const CHUNK: u32 = 1024;

/// The key's bits, from the top: position of the lowest bit, and number of bits, of each pass.
const PASSES: [(u32, u32); 3] = [(21, 11), (10, 11), (0, 10)];

/// Invocations of kernels that run as one workgroup.
const WIDTH: u32 = 256;

/// Keeps the `keep[segment]` active weights of the largest keys among those ranked together, and removes the others from
/// the mask. Equal keys are kept in the order of their positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prune {
    /// Entry of `keep` that holds how many shall survive; a number above the active ones keeps them all.
    pub segment: u32,
}

impl Prune {
    /// `keys` (see [`Score`](super::Score)) and `mask` (one bit for each weight, lowest first) are those of the weights
    /// ranked together, a multiple of [`CHUNK`]; mask bits of padding are 0. `selection` has 2 elements, `histogram` 2048
    /// that are 0 before and after.
    ///
    /// # Panics
    /// If a tensor has another number of elements than that, or `keep` has no entry for the segment.
    pub fn record(
        &self,
        plan: &mut Plan,
        keep: &Tensor,
        [keys, mask]: [&Tensor; 2],
        [selection, histogram]: [&Tensor; 2],
    ) {
        let chunks = keys.len() / CHUNK;
        keys.expect_len(&[chunks, CHUNK]);
        mask.expect_len(&[chunks, CHUNK / 32]);
        selection.expect_len(&[2]);
        histogram.expect_len(&[1 << PASSES[0].1]);
        expect_entry(keep, self.segment);
        let ties = plan.scratch("ties", &[chunks]);
        let count: Constant = ("CHUNKS", chunks.into());
        let width: Constant = ("WORKGROUP_SIZE", WIDTH.into());
        let one = Grid([1, 1, 1]);
        for (pass, (shift, bits)) in PASSES.into_iter().enumerate() {
            let digits: [Constant; 3] = [
                ("SHIFT", shift.into()),
                ("BITS", bits.into()),
                ("IS_FIRST", (pass == 0).into()),
            ];
            let constants = [&digits[..], &[count]].concat();
            plan.elementwise(
                &HISTOGRAM,
                &constants,
                &[keys, mask, selection, histogram],
                chunks,
            );
            let constants = [&digits[..], &[width, ("SEGMENT", self.segment.into())]].concat();
            plan.dispatch(&SELECT, &constants, &[keep, histogram, selection], one);
        }
        plan.elementwise(&TIES, &[count], &[keys, mask, selection, &ties], chunks);
        plan.dispatch(&SCAN, &[count, width], &[&ties], one);
        plan.elementwise(&APPLY, &[count], &[selection, &ties, keys, mask], chunks);
    }

    /// `x` becomes 0 where `mask` is.
    ///
    /// # Panics
    /// If `x` has not 32 elements for each word of the mask.
    pub fn clear(plan: &mut Plan, mask: &Tensor, x: &Tensor) {
        x.expect_len(&[mask.len(), 32]);
        let vectors = x.len() / 4;
        let constants: [Constant; 1] = [("VECTORS", vectors.into())];
        plan.elementwise(&CLEAR, &constants, &[mask, x], vectors);
    }

    /// `y` becomes `x`, 0 where `mask` is.
    ///
    /// # Panics
    /// If one of them has not 32 elements for each word of the mask.
    pub fn copy(plan: &mut Plan, mask: &Tensor, x: &Tensor, y: &Tensor) {
        for tensor in [x, y] {
            tensor.expect_len(&[mask.len(), 32]);
        }
        let vectors = x.len() / 4;
        let constants: [Constant; 1] = [("VECTORS", vectors.into())];
        plan.elementwise(&COPY, &constants, &[mask, x, y], vectors);
    }

    /// Gives the active weight of the largest key, the first of equal ones, the largest key there is, so that it stays
    /// wherever one weight does. `keys` and `mask` are those of a tensor, as in [`record`](Self::record).
    ///
    /// # Panics
    /// If a tensor has another number of elements than that.
    pub fn protect(plan: &mut Plan, mask: &Tensor, keys: &Tensor) {
        let chunks = keys.len() / CHUNK;
        keys.expect_len(&[chunks, CHUNK]);
        mask.expect_len(&[chunks, CHUNK / 32]);
        let constants: [Constant; 2] =
            [("CHUNKS", chunks.into()), ("WORKGROUP_SIZE", WIDTH.into())];
        plan.dispatch(&PROTECT, &constants, &[mask, keys], Grid([1, 1, 1]));
    }

    /// Writes the number of set bits of `mask` into `counts[slot]`, and of those that `before` has not into
    /// `counts[returned]`; then `before` is as `mask`.
    ///
    /// # Panics
    /// If `before` is of another length than `mask`, or `counts` lacks one of these entries.
    pub fn count(
        plan: &mut Plan,
        [mask, before]: [&Tensor; 2],
        counts: &Tensor,
        [slot, returned]: [u32; 2],
    ) {
        before.expect_len(&[mask.len()]);
        for entry in [slot, returned] {
            expect_entry(counts, entry);
        }
        let constants: [Constant; 4] = [
            ("WORDS", mask.len().into()),
            ("SLOT", slot.into()),
            ("RETURNED", returned.into()),
            ("WORKGROUP_SIZE", WIDTH.into()),
        ];
        let tensors = [mask, before, counts];
        plan.dispatch(&COUNT, &constants, &tensors, Grid([1, 1, 1]));
    }
}

fn expect_entry(tensor: &Tensor, entry: u32) {
    assert!(
        entry < tensor.len(),
        "{} has {} elements, so none of number {entry}",
        tensor.name,
        tensor.len()
    );
}
