//! Twin of [`Filter`](crate::ops::Filter).

use super::Bounded;
use super::prune::is_kept;

/// The L1 norm of each filter by the number of its weights. `w` lies by input, then filter.
pub fn norms(w: &[f32], filters: usize, inputs: usize) -> Vec<Bounded> {
    let norm = |filter: usize| {
        let own = (0..inputs).map(|i| f64::from(w[i * filters + filter]).abs());
        let mean = own.sum::<f64>() / inputs as f64;
        Bounded::sum(mean, mean)
    };
    (0..filters).map(norm).collect()
}

/// A bit for each filter whose first weight `mask` keeps, in so many words.
pub fn kept(mask: &[u32], filters: usize, words: usize) -> Vec<u32> {
    let mut kept = vec![0; words];
    for filter in (0..filters).filter(|&filter| is_kept(mask, filter)) {
        kept[filter / 32] |= 1 << (filter % 32);
    }
    kept
}

/// The mask without the weights of filters that are not `kept`.
pub fn spread(kept: &[u32], mask: &[u32], filters: usize) -> Vec<u32> {
    let mut spread = mask.to_vec();
    for i in (0..mask.len() * 32).filter(|i| !is_kept(kept, i % filters)) {
        spread[i / 32] &= !(1 << (i % 32));
    }
    spread
}
