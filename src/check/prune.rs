//! The check of [`Prune`].

use super::{Bench, Case, Expected, Finding, Setting, integers};
use crate::error::Result;
use crate::ops::{CHUNK, Prune};
use crate::reference::prune as twin;
use crate::reference::score::magnitude_keys;

/// Prunes neighbouring `parts` of `w` and `mask` by magnitude, each of so many weights and with the op that ranks them, to
/// the numbers of `keep`; and counts what is left.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(
    setting: &Setting,
    (w, mask): (&[f32], &[u32]),
    parts: &[(Prune, u32)],
    keep: &[u32],
) -> Result<Vec<Finding>> {
    check_by(setting, &magnitude_keys(w), (w, mask), parts, keep)
}

/// The same by other keys.
///
/// # Errors
/// As [`check`].
pub fn check_by(
    setting: &Setting,
    keys: &[u32],
    (w, mask): (&[f32], &[u32]),
    parts: &[(Prune, u32)],
    keep: &[u32],
) -> Result<Vec<Finding>> {
    let (mut pruned_w, mut pruned_mask) = (Vec::new(), Vec::new());
    for (op, length) in parts {
        let (start, length) = (pruned_w.len(), *length as usize);
        let words = start / 32..(start + length) / 32;
        let part = start..start + length;
        let keep = keep[op.segment as usize];
        let mask = twin::prune(keep, &keys[part.clone()], &mask[words]);
        pruned_w.extend(twin::clear(&mask, &w[part]));
        pruned_mask.extend(mask);
    }
    let left = pruned_mask.iter().map(|word| word.count_ones()).sum();

    let mut bench = Bench::new(setting);
    let keep = bench.input("keep", keep);
    let keys = bench.input("keys", keys);
    bench.direction("prune");
    let gmask = bench.state("mask", mask, Expected::bits(&pruned_mask));
    let empty = [0u32; 2048];
    let histogram = bench.state("histogram", &empty, Expected::bits(&empty));
    let selection = bench.output("selection", vec![Expected::Any; 2]);
    let mut start = 0;
    for (op, length) in parts {
        let part = [
            keys.view("keys part", start, &[*length]),
            gmask.view("mask part", start / 32, &[length / 32]),
        ];
        op.record(
            &mut bench.plan,
            &keep,
            part.each_ref(),
            [&selection, &histogram],
        );
        start += length;
    }
    bench.direction("clear");
    let gw = bench.state("w", w, Expected::bits(&pruned_w));
    Prune::clear(&mut bench.plan, &gmask, &gw);
    bench.direction("copy");
    let copy = bench.output("copy", Expected::bits(&pruned_w));
    let x = bench.input("x", w);
    Prune::copy(&mut bench.plan, &gmask, &x, &copy);
    bench.direction("count");
    // Every other weight was not there before.
    let odd = vec![0xaaaa_aaaa_u32; pruned_mask.len()];
    let new = pruned_mask
        .iter()
        .map(|word| (word & !0xaaaa_aaaa).count_ones());
    let counts = Expected::bits(&[7, new.sum(), 7, left]);
    let counts = bench.state("counts", &[7u32; 4], counts);
    let before = bench.state("before", &odd, Expected::bits(&pruned_mask));
    Prune::count(&mut bench.plan, [&gmask, &before], &counts, [3, 1]);
    Ok(bench.run()?.findings)
}

/// Protects one weight of those that `mask` keeps.
///
/// # Errors
/// As [`check`].
pub fn check_protect(setting: &Setting, keys: &[u32], mask: &[u32]) -> Result<Vec<Finding>> {
    let protected = twin::protect(keys, mask);
    let mut bench = Bench::new(setting);
    let mask = bench.input("mask", mask);
    bench.direction("protect");
    let keys = bench.state("keys", keys, Expected::bits(&protected));
    Prune::protect(&mut bench.plan, &mask, &keys);
    Ok(bench.run()?.findings)
}

/// Numbers of few magnitudes and both signs, so that most of them are tied.
pub fn ties(count: u32) -> Vec<f32> {
    let few = integers(2, count, 0..9);
    let kinds: [f32; 9] = [-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0];
    few.iter().map(|&i| kinds[i as usize]).collect()
}

/// Zeros, subnormals, and the largest and smallest of the others, in turn.
pub fn extremes(count: u32) -> Vec<f32> {
    let tiny = [1, 2].map(f32::from_bits);
    let kinds = [
        [0.0, -0.0, tiny[0], -tiny[0], tiny[1], 1e-40],
        [
            -1e-40,
            f32::MIN_POSITIVE,
            -f32::MIN_POSITIVE,
            1e-20,
            f32::MAX,
            1.0,
        ],
        [1.0 + f32::EPSILON, -1.0, 0.5, -f32::MAX, 2.0, -1e-20],
    ];
    let kinds = kinds.concat();
    (0..count as usize)
        .map(|i| kinds[i % kinds.len()])
        .collect()
}

pub(super) fn cases() -> Vec<Case> {
    // More chunks than one workgroup has invocations, and a tail that is removed already. One size, so that the driver
    // compiles the six kernels once.
    let cases = [
        ("ties", ties(300 * CHUNK)),
        ("zeros, subnormals, extremes", extremes(300 * CHUNK)),
    ];
    let case = |(kind, w): (&str, Vec<f32>)| {
        let count = u32::try_from(w.len()).expect("a check is small");
        let keep = count / 3;
        Case::new(
            "prune",
            format!("{keep} of {count}, {kind}"),
            move |setting| {
                let mut mask = vec![u32::MAX; count as usize / 32];
                if let Some(last) = mask.last_mut() {
                    *last = 0x0fff_7fff;
                }
                let parts = [(Prune { segment: 1 }, count)];
                check(setting, (&w, &mask), &parts, &[7, keep, 9])
            },
        )
    };
    let mut all: Vec<Case> = cases.map(case).into();
    all.push(Case::new("prune", "the largest of 3072, ties", |setting| {
        // The first of the largest is removed already.
        let mut mask = [u32::MAX; 96];
        mask[0] = 0xffff_0000;
        check_protect(setting, &magnitude_keys(&ties(3 * CHUNK)), &mask)
    }));
    all
}
