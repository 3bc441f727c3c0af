//! The check of [`Clip`].

use super::update::Data;
use super::{Bench, Case, Expected, Finding, Setting};
use crate::error::Result;
use crate::ops::Clip;
use crate::reference::clip as twin;

/// Gradients with a mask, clipped.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: Clip, mask: &[u32], dw: &[f32]) -> Result<Vec<Finding>> {
    let expected = twin::clip(&op, mask, dw);
    let expected = dw.iter().zip(&expected).map(|(g, &clipped)| {
        // What is not finite keeps its bits, so that it is found.
        if g.is_finite() {
            Expected::Within(clipped)
        } else {
            Expected::Bits(g.to_bits())
        }
    });
    let mut bench = Bench::new(setting);
    let gmask = bench.input("mask", mask);
    bench.direction("clip");
    let gdw = bench.state("dw", dw, expected.collect());
    op.record(&mut bench.plan, &gmask, &gdw);
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    let case = |(norm, bad): (f32, Option<f32>)| {
        let Data { mask, mut dw, .. } = Data::random();
        if let Some(bad) = bad {
            dw[700] = bad;
        }
        let with = bad.map_or(String::new(), |bad| format!(", one of them {bad}"));
        let shape = format!("{} to norm {norm}{with}", dw.len());
        Case::new("clip", shape, move |setting| {
            check(setting, Clip { norm }, &mask, &dw)
        })
    };
    [(1.0, None), (1000.0, None), (1.0, Some(f32::NAN))]
        .map(case)
        .into()
}
