//! What the checks feed to the ops: random numbers by counter, so that every machine gets the same.

use crate::ops::StepParams;
use crate::random::{Stream, unit, words};
use std::ops::Range;

/// Even random numbers between -1 and 1.
pub fn floats(seed: u64, count: u32) -> Vec<f32> {
    let numbers = (0..count.div_ceil(4)).flat_map(|i| words(seed, Stream::Init, 0, i));
    #[allow(clippy::cast_possible_truncation, reason = "24 bits fit an f32")]
    let numbers = numbers.map(|word| (2.0 * unit(word) - 1.0) as f32);
    numbers.take(count as usize).collect()
}

/// Random integers within `range`.
pub fn integers(seed: u64, count: u32, range: Range<u32>) -> Vec<u32> {
    let numbers = (0..count.div_ceil(4)).flat_map(|i| words(seed, Stream::Init, 1, i));
    let span = range.end - range.start;
    let numbers = numbers.map(|word| range.start + word % span);
    numbers.take(count as usize).collect()
}

/// A step of `count` samples; everything else at a plain value.
pub fn step(count: u32) -> StepParams {
    StepParams {
        position: 0,
        count,
        record: 0,
        epoch: 0,
        seed: [0, 0],
        learning_rate: 0.1,
        correction_1: 1.0,
        correction_2: 1.0,
        momentum: 0.9,
    }
}
