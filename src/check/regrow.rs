//! The check of [`Regrow`].

use super::{Bench, Case, Expected, Finding, Setting, integers};
use crate::error::Result;
use crate::ops::{CHUNK, Prune, Regrow};
use crate::reference::regrow as twin;

/// Moves a mask of `length` weights and padding by keys that `few` says the number of: where they are few, most are tied.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(
    setting: &Setting,
    length: u32,
    mask: &[u32],
    counts: [u32; 2],
    few: u32,
) -> Result<Vec<Finding>> {
    let keys = [3, 4].map(|seed| integers(seed, length.next_multiple_of(CHUNK), 0..few));
    let [kept_keys, grown_keys] = &keys;
    let moved = twin::regrow(length as usize, counts, [kept_keys, grown_keys], mask);

    let mut bench = Bench::new(setting);
    let counts = bench.input("counts", &counts);
    let keys = [
        bench.input("kept keys", kept_keys),
        bench.input("grown keys", grown_keys),
    ];
    bench.direction("regrow");
    let mask = bench.state("mask", mask, Expected::bits(&moved));
    let empty = [0u32; 2048];
    let histogram = bench.state("histogram", &empty, Expected::bits(&empty));
    let selection = bench.output("selection", vec![Expected::Any; 2]);
    let op = Regrow {
        length,
        kept: Prune { segment: 0 },
        grown: Prune { segment: 1 },
    };
    op.record(
        &mut bench.plan,
        &counts,
        [&keys[0], &keys[1], &mask],
        [&selection, &histogram],
    );
    Ok(bench.run()?.findings)
}

/// A mask of about half of `length` weights, without its padding.
pub fn half(length: u32) -> Vec<u32> {
    let words = integers(5, length.next_multiple_of(CHUNK) / 32, 0..u32::MAX);
    let word = |(i, word): (u32, u32)| {
        let left = length.saturating_sub(32 * i);
        word & 1u32.checked_shl(left).map_or(u32::MAX, |bit| bit - 1)
    };
    (0..).zip(words).map(word).collect()
}

pub(super) fn cases() -> Vec<Case> {
    let length = 2 * CHUNK + 77;
    let mask = half(length);
    vec![Case::new(
        "regrow",
        format!("300 kept and 500 grown of {length}, ties"),
        move |setting| check(setting, length, &mask, [300, 500], 9),
    )]
}
