//! Twin of [`Score`](crate::ops::Score): the scores, and their keys. Exact where nothing is multiplied.

use super::Bounded;
use crate::ops::StepParams;
use crate::random::{Stream, philox};

/// Keys of the magnitudes of `values`: their bits, read as integers, have the order of the magnitudes.
pub fn magnitude_keys(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.abs().to_bits()).collect()
}

/// Random keys of `count` weights, drawn for what `stream` says.
pub fn random_keys(count: u32, step: &StepParams, stream: Stream) -> Vec<u32> {
    let key = |i: u32| {
        let counter = [i / 4, step.position, step.epoch, stream as u32];
        philox(counter, step.seed)[i as usize % 4]
    };
    (0..count).map(key).collect()
}

/// `|w dw|`.
pub fn snip(w: &[f32], dw: &[f32]) -> Vec<Bounded> {
    let score = |(&w, &dw): (&f32, &f32)| {
        let value = (f64::from(w) * f64::from(dw)).abs();
        Bounded::sum(value, value)
    };
    w.iter().zip(dw).map(score).collect()
}
