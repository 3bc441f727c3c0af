//! Twin of [`Score`](crate::ops::Score): the scores, and their keys. Exact where nothing is multiplied.

use super::Bounded;
use crate::ops::StepParams;
use crate::random::{Stream, philox};

/// Keys of the magnitudes of `values`: their bits, read as integers, have the order of the magnitudes. What is not finite is
/// above all.
pub fn magnitude_keys(values: &[f32]) -> Vec<u32> {
    let key = |value: &f32| match value.is_finite() {
        true => value.abs().to_bits(),
        false => u32::MAX,
    };
    values.iter().map(key).collect()
}

/// Keys in the order of `values`.
pub fn signed_keys(values: &[f32]) -> Vec<u32> {
    let key = |value: &f32| match *value {
        value if !value.is_finite() => u32::MAX,
        value if value < 0.0 => !value.to_bits(),
        value => value.abs().to_bits() | 1 << 31,
    };
    values.iter().map(key).collect()
}

/// The largest position, counted from 1, of a key of what is not finite; or 0.
pub fn fault(keys: &[u32]) -> u32 {
    let last = keys.iter().rposition(|&key| key == u32::MAX);
    last.map_or(0, |at| u32::try_from(at).expect("fewer weights") + 1)
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
