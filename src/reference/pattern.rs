//! Twin of [`Pattern`], by sorting. Exact: the same bits on every adapter.

use super::prune::is_kept;
use crate::ops::Pattern;
use std::cmp::Reverse;

/// The keys, with the highest bit for those weights of each stretch that stay.
pub fn pattern(op: &Pattern, keys: &[u32], mask: &[u32]) -> Vec<u32> {
    let [outputs, channels, positions, kept, size] =
        [op.outputs, op.channels, op.positions, op.kept, op.size].map(|extent| extent as usize);
    let mut keys = keys.to_vec();
    for output in 0..outputs {
        let inputs = (0..channels).flat_map(|channel| (0..positions).map(move |at| (channel, at)));
        let places: Vec<usize> = inputs
            .map(|(channel, at)| (at * channels + channel) * outputs + output)
            .collect();
        for stretch in places.chunks(size) {
            let active = stretch.iter().copied().filter(|&i| is_kept(mask, i));
            let mut ranked: Vec<usize> = active.collect();
            // The sort is stable.
            ranked.sort_by_key(|&i| Reverse(keys[i]));
            for i in ranked.into_iter().take(kept) {
                keys[i] |= 1 << 31;
            }
        }
    }
    keys
}
