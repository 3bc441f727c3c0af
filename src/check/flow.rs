//! The check of [`Flow`].

use super::{Bench, Case, Expected, Finding, Setting, floats, prune::extremes};
use crate::error::Result;
use crate::ops::Flow;
use crate::reference::flow as twin;

/// Fills one tensor, takes the signs of others, and scales what is `size` times as large as usual.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: Flow, size: f32) -> Result<Vec<Finding>> {
    let before = extremes(op.length);
    let signed = floats(3, op.length);
    let flow: Vec<f32> = signed.iter().map(|x| x.abs() * size).collect();
    let factors = twin::factor(&flow, 0.25);
    let mut bench = Bench::new(setting);
    let first = bench.input("first", &[7f32, 0.25]);
    bench.direction("fill");
    let filled = bench.output("filled", Expected::bits(&vec![1f32; flow.len()]));
    op.fill(&mut bench.plan, &filled);
    bench.direction("factor");
    let x = bench.input("flow", &flow);
    let own = bench.output("factors", Expected::bits(&factors));
    op.factor(&mut bench.plan, &x, [&first, &own]);
    bench.direction("rescale");
    let rescaled = Expected::bits(&twin::rescale(factors[0], &flow));
    let x = bench.state("rescaled", &flow, rescaled);
    op.rescale(&mut bench.plan, &own, &x);
    bench.direction("scaled");
    let x = bench.input("signed", &signed);
    let scaled = bench.output("scaled", Expected::bits(&twin::scaled(0.25, &signed)));
    op.scaled(&mut bench.plan, &first, &x, &scaled);
    bench.direction("absolute");
    let x = bench.state("x", &before, Expected::bits(&twin::absolute(&before)));
    op.absolute(&mut bench.plan, &x);
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    vec![Case::new("flow", "3001", |setting| {
        check(setting, Flow { length: 3001 }, 1e20)
    })]
}
