//! Twin of [`Prune`](crate::ops::Prune), by sorting. Exact: the same bits on every adapter.

/// Whether the mask, one bit for each weight and lowest first, keeps weight `i`.
pub fn is_kept(mask: &[u32], i: usize) -> bool {
    mask[i / 32] >> (i % 32) & 1 == 1
}

/// The keys, but that of the first of the largest among the weights that `mask` keeps is the largest there is.
pub fn protect(keys: &[u32], mask: &[u32]) -> Vec<u32> {
    let mut keys = keys.to_vec();
    let active = (0..keys.len()).filter(|&i| is_kept(mask, i));
    let best = active.max_by_key(|&i| (keys[i], std::cmp::Reverse(i)));
    if let Some(best) = best {
        keys[best] = u32::MAX;
    }
    keys
}

/// Of the weights that `mask` keeps, the `keep` with the largest keys stay as they are; the others, and those removed
/// before, become 0. Equal keys stay in the order of their positions. Returns the weights and the mask.
pub fn prune(keep: u32, keys: &[u32], w: &[f32], mask: &[u32]) -> (Vec<f32>, Vec<u32>) {
    let mut active: Vec<usize> = (0..w.len()).filter(|&i| is_kept(mask, i)).collect();
    // The sort is stable.
    active.sort_by_key(|&i| std::cmp::Reverse(keys[i]));
    active.truncate(keep as usize);
    let mut pruned = (vec![0.0; w.len()], vec![0; mask.len()]);
    for i in active {
        pruned.0[i] = w[i];
        pruned.1[i / 32] |= 1 << (i % 32);
    }
    pruned
}
