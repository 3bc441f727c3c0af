//! The check of [`Interpolate`].

use super::{Bench, Case, Expected, Finding, Setting, floats};
use crate::error::Result;
use crate::ops::Interpolate;
use crate::reference::interpolate as twin;

/// Keys of random pairs, some beyond the grid and some on its points, compared as the floats that they are the bits of.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: Interpolate) -> Result<Vec<Finding>> {
    let rising = |seed| {
        let mut axis = floats(seed, op.nodes);
        axis.sort_by(f32::total_cmp);
        axis.iter().map(|point| 0.8 * point).collect::<Vec<_>>()
    };
    let axes = [1, 2].map(rising);
    let [mut x, mut y] = [3, 4].map(|seed| floats(seed, op.length));
    for (values, axis) in [&mut x, &mut y].into_iter().zip(&axes) {
        for (value, point) in values.iter_mut().step_by(5).zip(axis.iter().rev()) {
            *value = *point;
        }
    }
    let table: Vec<f32> = floats(5, op.nodes * op.nodes)
        .iter()
        .map(|score| score.abs())
        .collect();
    let scores = twin::interpolate([&x, &y], [&axes[0], &axes[1]], &table);
    let mut bench = Bench::new(setting);
    let inputs = [
        bench.input("x", &x),
        bench.input("y", &y),
        bench.input("axes", &axes.concat()),
        bench.input("table", &table),
    ];
    bench.direction("score");
    let keys = bench.output("keys", Expected::within(&scores));
    op.record(&mut bench.plan, inputs.each_ref(), &keys);
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    let op = Interpolate {
        length: 3001,
        nodes: 37,
    };
    vec![Case::new("interpolate", "3001 in 37x37", move |setting| {
        check(setting, op)
    })]
}
