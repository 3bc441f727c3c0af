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

/// The mask of the `keep` weights with the largest keys, of those that `mask` keeps. Equal keys stay in the order of their
/// positions.
pub fn prune(keep: u32, keys: &[u32], mask: &[u32]) -> Vec<u32> {
    let mut active: Vec<usize> = (0..keys.len()).filter(|&i| is_kept(mask, i)).collect();
    // The sort is stable.
    active.sort_by_key(|&i| std::cmp::Reverse(keys[i]));
    active.truncate(keep as usize);
    let mut pruned = vec![0; mask.len()];
    for i in active {
        pruned[i / 32] |= 1 << (i % 32);
    }
    pruned
}

/// `x`, 0 where `mask` is.
pub fn clear(mask: &[u32], x: &[f32]) -> Vec<f32> {
    let clear = |(i, &x): (usize, &f32)| if is_kept(mask, i) { x } else { 0.0 };
    x.iter().enumerate().map(clear).collect()
}
