//! Twin of [`Regrow`](crate::ops::Regrow). Exact: the same bits on every adapter.

use super::prune::{is_kept, prune};

/// The mask of the `kept` active weights with the largest of the first keys, and of the `grown` others, of `length` in all,
/// with the largest of the second.
pub fn regrow(
    length: usize,
    [kept, grown]: [u32; 2],
    [kept_keys, grown_keys]: [&[u32]; 2],
    mask: &[u32],
) -> Vec<u32> {
    let stay = prune(kept, kept_keys, mask);
    let mut others = vec![0; mask.len()];
    for i in (0..length).filter(|&i| !is_kept(&stay, i)) {
        others[i / 32] |= 1 << (i % 32);
    }
    let added = prune(grown, grown_keys, &others);
    stay.iter().zip(added).map(|(a, b)| a | b).collect()
}
