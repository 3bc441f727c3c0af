//! Twin of [`Dropout`]. Which elements are dropped is exact, and what is kept is one product.

use super::Bounded;
use crate::ops::{Dropout, StepParams};
use crate::random::{Stream, philox};

/// Whether element `i` is kept in a step.
pub fn keeps(s: &Dropout, step: &StepParams, i: u32) -> bool {
    let stream = Stream::Dropout as u32 | s.layer << 8;
    let draw = philox([i / 4, step.position, step.epoch, stream], step.seed);
    draw[i as usize % 4] >> 8 >= s.threshold()
}

/// `y = x / (1 - rate)`, or 0 where the element is dropped. The same gives `dx` from `dy`.
pub fn forward(s: &Dropout, step: &StepParams, x: &[f32]) -> Vec<Bounded> {
    let all = (0..).zip(x).map(|(i, &x)| {
        let factor = if keeps(s, step, i) { s.factor() } else { 0.0 };
        let value = f64::from(x) * f64::from(factor);
        Bounded::sum(value, value.abs())
    });
    all.collect()
}
