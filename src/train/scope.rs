//! How many weights of each part of a network are kept.

use super::kept_at;
use crate::config::Scope;

/// How many weights each segment of `scope` keeps at this sparsity, of prunable tensors with the `shapes` of PyTorch.
pub fn wanted(scope: Scope, shapes: &[&[u32]], sparsity: f64) -> Vec<u32> {
    let counts = shapes.iter().map(|shape| shape.iter().product::<u32>());
    match scope {
        Scope::Global => vec![kept_at(sparsity, counts.sum())],
        Scope::Layer => counts.map(|count| kept_at(sparsity, count)).collect(),
        Scope::Erk => erk(shapes, kept_at(sparsity, counts.sum())),
    }
}

/// `keep` weights in all, of each tensor in proportion to the sum of its extents, (outputs + inputs + rows + columns), but
/// no more than it has (the Erdős-Rényi-Kernel of Evci et al. 2020, Rigging the Lottery, section 3). Each keeps one at least.
///
/// Whoever keeps more in all keeps no less of any tensor: counts are rounded for one common factor, and where it would raise
/// several at once, they follow in the order of the tensors.
pub fn erk(shapes: &[&[u32]], keep: u32) -> Vec<u32> {
    let at = |factor: f64| -> Vec<u32> {
        let count = |shape: &&[u32]| {
            let all = shape.iter().product::<u32>();
            let share = factor * f64::from(shape.iter().sum::<u32>());
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and the number of weights"
            )]
            let rounded = share.round().min(all.into()) as u32;
            rounded.max(1)
        };
        shapes.iter().map(count).collect()
    };
    let total = |counts: &[u32]| counts.iter().map(|&count| u64::from(count)).sum::<u64>();
    // With a factor of `keep` every tensor has its all, or more than is wanted of all together.
    let (mut low, mut high) = (0.0, f64::from(keep) + 1.0);
    // Until no number lies between them.
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if total(&at(middle)) <= keep.into() {
            low = middle;
        } else {
            high = middle;
        }
    }
    let mut counts = at(low);
    for (i, more) in at(high).into_iter().enumerate() {
        let missing = u64::from(keep).saturating_sub(total(&counts));
        let raise = u64::from(more - counts[i]).min(missing);
        counts[i] += u32::try_from(raise).unwrap_or_default();
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENET_300_100: [&[u32]; 3] = [&[300, 784], &[100, 300], &[10, 100]];
    const LENET_5: [&[u32]; 4] = [&[20, 1, 5, 5], &[50, 20, 5, 5], &[500, 800], &[10, 500]];

    fn densities(shapes: &[&[u32]], density: f64) -> Vec<f64> {
        let all = shapes.iter().map(|shape| shape.iter().product::<u32>());
        let counts = wanted(Scope::Erk, shapes, 1.0 - density);
        assert_eq!(
            counts.iter().sum::<u32>(),
            kept_at(1.0 - density, all.clone().sum())
        );
        let share = |(&kept, all)| f64::from(kept) / f64::from(all);
        counts.iter().zip(all).map(share).collect()
    }

    #[test]
    fn the_published_densities_come_out() {
        type Row<'a> = (&'a [&'a [u32]], f64, &'a [f64]);
        let expected: [Row<'_>; 5] = [
            (&LENET_300_100, 0.1, &[0.079_568, 0.230_189, 1.0]),
            (&LENET_300_100, 0.05, &[0.038_484, 0.111_334, 0.918_507]),
            (&LENET_300_100, 0.02, &[0.015_394, 0.044_534, 0.367_403]),
            (&LENET_5, 0.1, &[1.0, 0.087_072, 0.088_433, 1.0]),
            (&LENET_5, 0.05, &[0.726_116, 0.037_477, 0.038_063, 1.0]),
        ];
        for (shapes, density, expected) in expected {
            for ((own, expected), shape) in
                densities(shapes, density).iter().zip(expected).zip(shapes)
            {
                // Counts are whole numbers, and the common factor moves with the others' rounding.
                let one = 1.0 / f64::from(shape.iter().product::<u32>());
                assert!(
                    (own - expected).abs() < one + 1e-6,
                    "{density}: {own} for {expected}"
                );
            }
        }
    }

    #[test]
    fn the_sum_is_exact_and_no_tensor_keeps_less_when_all_keep_more() {
        let mut before = vec![0; LENET_5.len()];
        for keep in (4..430_500).step_by(97).chain([430_500]) {
            let counts = erk(&LENET_5, keep);
            assert_eq!(counts.iter().sum::<u32>(), keep);
            assert!(
                counts.iter().zip(&before).all(|(now, was)| now >= was),
                "{keep}"
            );
            before = counts;
        }
        assert_eq!(erk(&LENET_5, 1), [1; 4], "one of each at least");
        // All raise their counts at the same factor.
        assert_eq!(erk(&[&[3, 5], &[5, 3], &[3, 5]], 16), [6, 5, 5]);
    }
}
