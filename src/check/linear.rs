//! The check of [`Linear`].

use super::product::{self, layer};
use super::{Case, Finding, Setting};
use crate::error::Result;
use crate::gpu::{Plan, Tensor};
use crate::ops::{Linear, Write};
use crate::reference::linear;

layer!(
    Linear,
    linear,
    |s| [s.n * s.c, s.c * s.k, s.n * s.k, s.k],
    |_, _| 1.0
);

/// All directions on random numbers.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: Linear, has_bias: bool) -> Result<Vec<Finding>> {
    product::check(setting, &op, has_bias)
}

pub(super) fn cases() -> Vec<Case> {
    // Nothing divides anything; and loads of four and two numbers, with so many rows that the weight gradient is cut.
    let shapes = [(13, 71, 61, true), (67, 12, 70, false)];
    let case = |(n, c, k, has_bias): (u32, u32, u32, bool)| {
        let with = if has_bias { "bias" } else { "no bias" };
        let shape = format!("{n}x{c} to {k}, {with}");
        Case::new("linear", shape, move |setting| {
            check(setting, Linear { n, c, k }, has_bias)
        })
    };
    shapes.map(case).into()
}
