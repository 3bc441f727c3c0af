//! How many weights of each part of a network are kept.

use super::kept_at;
use crate::config::Scope;

/// The prunable tensors of a network.
#[derive(Debug, Clone, Copy)]
pub struct Prunable<'a> {
    /// Their shapes, those of PyTorch.
    pub shapes: &'a [&'a [u32]],
    /// Of each, the power of a density that its own is where each is ranked by itself.
    pub powers: &'a [f64],
    /// Whether nothing passes by any of them.
    pub is_chain: bool,
}

/// How many weights of `tensors` each segment of `scope` keeps at this sparsity.
pub fn wanted(scope: Scope, tensors: Prunable<'_>, sparsity: f64) -> Vec<u32> {
    let Prunable {
        shapes,
        powers,
        is_chain,
    } = tensors;
    assert_eq!(shapes.len(), powers.len(), "a power for each tensor");
    let counts = shapes.iter().map(|shape| shape.iter().product::<u32>());
    match scope {
        Scope::Global => vec![kept_at(sparsity, counts.sum())],
        Scope::Layer => (counts.zip(powers))
            .map(|(count, &power)| kept_at(at_power(sparsity, power), count))
            .collect(),
        Scope::Erk => erk(shapes, kept_at(sparsity, counts.sum())),
        Scope::Smart => smart(shapes, is_chain, kept_at(sparsity, counts.sum())),
    }
}

/// The sparsity of a tensor whose density is a power of that of the others. Where each of several rounds takes a share of what is
/// left, it takes a share of its own from such a tensor.
fn at_power(sparsity: f64, power: f64) -> f64 {
    #[allow(clippy::float_cmp, reason = "the others have their sparsity as it is")]
    if power == 1.0 {
        return sparsity;
    }
    1.0 - (1.0 - sparsity).powf(power)
}

/// `keep` weights in all, of each tensor in proportion to the sum of its extents, (outputs + inputs + rows + columns), but
/// no more than it has (the Erdős-Rényi-Kernel of Evci et al. 2020, Rigging the Lottery, section 3). Each keeps one at least.
///
/// Whoever keeps more in all keeps no less of any tensor: counts are rounded for one common factor, and where it would raise
/// several at once, they follow in the order of the tensors.
pub fn erk(shapes: &[&[u32]], keep: u32) -> Vec<u32> {
    let share = |shape: &&[u32]| (shape.iter().product(), shape.iter().sum::<u32>().into());
    in_proportion(&shapes.iter().map(share).collect::<Vec<_>>(), keep)
}

/// Share of its weights that a linear layer keeps by [`smart`].
const LINEAR: f64 = 0.3;

/// `keep` weights in all: 0.3 of each linear layer, and of the i-th of n convolutions, m = n - i + 1, a share in proportion to
/// `m^2 + m`, divided by `i^2` in a `chain` as the VGGs are, but no more than it has (the smart-ratio of Su et al. 2020,
/// Sanity-checking pruning methods, section 4.2). Where linear layers alone would keep more than that, or there is nothing else,
/// they are in the proportion like all others. Each keeps one at least.
pub fn smart(shapes: &[&[u32]], chain: bool, keep: u32) -> Vec<u32> {
    let is_conv = |shape: &&[u32]| shape.len() == 4;
    let convs = shapes.iter().filter(|shape| is_conv(shape)).count() as f64;
    let mut i = 0.0;
    let share = |shape: &&[u32]| {
        let all: u32 = shape.iter().product();
        let ratio = if is_conv(shape) {
            i += 1.0;
            let m = convs - i + 1.0;
            (m * m + m) / if chain { i * i } else { 1.0 }
        } else {
            // As of the first convolution of as many in proportion, and all of that is 1.
            LINEAR * (convs * convs + convs).max(1.0)
        };
        (all, ratio * f64::from(all))
    };
    let shares: Vec<(u32, f64)> = shapes.iter().map(share).collect();
    let linear = |shape: &&[u32]| match is_conv(shape) {
        true => 0,
        false => kept_at(1.0 - LINEAR, shape.iter().product()).max(1),
    };
    let mut counts: Vec<u32> = shapes.iter().map(linear).collect();
    let of_convs: Vec<(u32, f64)> = (shares.iter().zip(&counts))
        .filter(|(_, count)| **count == 0)
        .map(|(share, _)| *share)
        .collect();
    let all: u64 = of_convs.iter().map(|(all, _)| u64::from(*all)).sum();
    let rest = u64::from(keep).checked_sub(counts.iter().map(|&count| u64::from(count)).sum());
    match rest.and_then(|rest| u32::try_from(rest).ok()) {
        Some(rest) if of_convs.len() as u64 <= rest.into() && u64::from(rest) <= all => {
            let mut kept = in_proportion(&of_convs, rest).into_iter();
            for count in counts.iter_mut().filter(|count| **count == 0) {
                *count = kept.next().unwrap_or_default();
            }
            counts
        }
        _ => in_proportion(&shares, keep),
    }
}

/// `keep` weights in all, of tensors with so many and such a share in what is kept: counts in proportion to the shares, but no
/// more than there are, and one at least.
fn in_proportion(tensors: &[(u32, f64)], keep: u32) -> Vec<u32> {
    let at = |factor: f64| -> Vec<u32> {
        let count = |&(all, share): &(u32, f64)| {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and the number of weights"
            )]
            let rounded = (factor * share).round().min(all.into()) as u32;
            rounded.max(1)
        };
        tensors.iter().map(count).collect()
    };
    let total = |counts: &[u32]| counts.iter().map(|&count| u64::from(count)).sum::<u64>();
    // With a share of `keep` every tensor has its all, or more than is wanted of all together.
    let least = tensors.iter().map(|(_, share)| *share).fold(1.0, f64::min);
    let (mut low, mut high) = (0.0, (f64::from(keep) + 1.0) / least);
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
    use crate::net::{Shape, by_name};

    const LENET_300_100: [&[u32]; 3] = [&[300, 784], &[100, 300], &[10, 100]];
    const LENET_5: [&[u32]; 4] = [&[20, 1, 5, 5], &[50, 20, 5, 5], &[500, 800], &[10, 500]];

    fn densities(shapes: &[&[u32]], density: f64) -> Vec<f64> {
        let all = shapes.iter().map(|shape| shape.iter().product::<u32>());
        let tensors = Prunable {
            shapes,
            powers: &vec![1.0; shapes.len()],
            is_chain: true,
        };
        let counts = wanted(Scope::Erk, tensors, 1.0 - density);
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
    fn the_published_densities_of_resnet_18_come_out() {
        let net = by_name("resnet-18", Shape { h: 32, w: 32, c: 3 }, 10);
        let parameters = net.expect("a network").parameters();
        let weights: Vec<_> = parameters.iter().filter(|own| own.is_prunable()).collect();
        let shapes: Vec<&[u32]> = weights.iter().map(|own| &own.shape[..]).collect();
        let wanted = |name: &str| match name {
            "conv1.weight" | "fc.weight" => 1.0,
            "layer4.0.downsample.0.weight" => 0.775_23,
            _ if name.contains("downsample") => 1.0,
            _ if name.starts_with("layer1") => 0.479_68,
            "layer2.0.conv1.weight" => 0.354_39,
            _ if name.starts_with("layer2") => 0.234_47,
            "layer3.0.conv1.weight" => 0.174_51,
            _ if name.starts_with("layer3") => 0.115_89,
            "layer4.0.conv1.weight" => 0.086_58,
            _ => 0.057_61,
        };
        for (own, parameter) in densities(&shapes, 0.1).iter().zip(&weights) {
            let off = own - wanted(&parameter.name);
            assert!(off.abs() < 2e-5, "{}: {own}", parameter.name);
        }
    }

    /// Each round takes a fifth of the hidden layers, and a tenth of the last one (Frankle and Carbin 2019).
    #[test]
    fn the_published_densities_of_lottery_tickets_come_out() {
        let rounds = 15;
        let power = f64::ln(0.9) / f64::ln(0.8);
        let tensors = Prunable {
            shapes: &LENET_300_100,
            powers: &[1.0, 1.0, power],
            is_chain: true,
        };
        let published = [
            (1, 80.04),
            (3, 51.28),
            (5, 32.87),
            (7, 21.07),
            (10, 10.83),
            (rounds, 3.58),
        ];
        for (round, percent) in published {
            let kept = wanted(Scope::Layer, tensors, 1.0 - 0.8_f64.powi(round));
            let density = 100.0 * f64::from(kept.iter().sum::<u32>()) / 266_200.0;
            assert!((density - percent).abs() < 0.005, "{round}: {density}");
        }
        let ticket = wanted(Scope::Layer, tensors, 1.0 - 0.8_f64.powi(7));
        assert_eq!(ticket.iter().sum::<u32>(), 56_094);
        let last = wanted(Scope::Layer, tensors, 1.0 - 0.8_f64.powi(3))[2];
        assert_eq!(last, 729, "0.9^3 of 1,000");
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

    #[test]
    fn smart_ratios_fall_with_the_depth_and_give_all_that_is_kept() {
        let conv: &[u32] = &[100, 100, 1, 1];
        let linear: &[u32] = &[10, 1000];
        let shapes = [conv, conv, conv, linear];
        // 0.3 of the linear layer, and the rest in proportion to 12, 6 and 2.
        assert_eq!(smart(&shapes, false, 5000), [1200, 600, 200, 3000]);
        // 12, 6 / 4 and 2 / 9.
        let (a, b, c) = (1749.0, 218.6, 32.4);
        let kept = smart(&shapes, true, 5000);
        for (kept, wanted) in kept.iter().zip([a, b, c, 3000.0]) {
            assert!(
                (f64::from(*kept) - wanted).abs() <= 1.0,
                "{kept} for {wanted}"
            );
        }
        // What exceeds a layer goes to the others.
        assert_eq!(smart(&shapes, false, 25_000)[0], 10_000);
        // Linear layers alone would keep more.
        let few = smart(&shapes, false, 100);
        assert!(few[3] < 100 && few.iter().sum::<u32>() == 100, "{few:?}");
        assert_eq!(smart(&LENET_300_100, true, 26_620), [23_520, 3000, 100]);
        for keep in [4, 5, 3003, 3004, 33_000, 33_001, 39_999, 40_000] {
            let kept = smart(&shapes, false, keep);
            assert_eq!(kept.iter().sum::<u32>(), keep, "{kept:?}");
        }
    }
}
