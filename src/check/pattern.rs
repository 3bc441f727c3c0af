//! The check of [`Pattern`].

use super::prune::ties;
use super::{Bench, Case, Expected, Finding, Setting, integers};
use crate::error::Result;
use crate::ops::Pattern;
use crate::reference::pattern as twin;
use crate::reference::score::magnitude_keys;

/// Ranks weights of few magnitudes, so that most are tied, about half of which a mask keeps, and keys behind the last that are
/// to stay as they are.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: Pattern) -> Result<Vec<Finding>> {
    let length = (op.outputs * op.channels * op.positions + 1).next_multiple_of(32);
    let keys = magnitude_keys(&ties(length));
    let mask = integers(11, length / 32, 0..u32::MAX);
    check_with(setting, op, &keys, &mask)
}

/// The same with these keys and this mask.
///
/// # Errors
/// As [`check`].
pub fn check_with(
    setting: &Setting,
    op: Pattern,
    keys: &[u32],
    mask: &[u32],
) -> Result<Vec<Finding>> {
    let ranked = twin::pattern(&op, keys, mask);
    let mut bench = Bench::new(setting);
    let mask = bench.input("mask", mask);
    bench.direction("keys");
    let keys = bench.state("keys", keys, Expected::bits(&ranked));
    op.record(&mut bench.plan, &mask, &keys);
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    let op = Pattern {
        outputs: 13,
        channels: 6,
        positions: 10,
        kept: 2,
        size: 4,
    };
    let shape = "2 of 4, 13x6x10, ties";
    vec![Case::new("pattern", shape, move |setting| {
        check(setting, op)
    })]
}
