//! The check of [`Score`].

use super::{Bench, Case, Expected, Finding, Setting, floats, step};
use crate::error::Result;
use crate::ops::{Criterion, Score, StepParams};
use crate::random::Stream;
use crate::reference::{Bounded, score as twin};

/// A step with a position, an epoch and a seed of its own.
pub fn params() -> StepParams {
    StepParams {
        position: 640,
        epoch: 7,
        seed: [0x89ab_cdef, 0x0123_4567],
        ..step(1)
    }
}

/// Keys of random weights and gradients. Those of products are compared as the floats that they are the bits of.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: Score) -> Result<Vec<Finding>> {
    let params = params();
    let [mut w, dw] = [1, 2].map(|seed| floats(seed, op.length));
    // Zeros of both signs are equal.
    w[0] = -0.0;
    let mut bench = Bench::new(setting);
    let inputs = [
        bench.input("w", &w),
        bench.input("dw", &dw),
        bench.input("step", bytemuck::cast_slice::<_, u32>(&[params])),
    ];
    bench.direction("score");
    let expected = match op.criterion {
        Criterion::Magnitude => Expected::bits(&twin::magnitude_keys(&w)),
        Criterion::Random => Expected::bits(&twin::random_keys(op.length, &params, op.stream)),
        Criterion::Snip | Criterion::Synflow => {
            // A sign would show in the key's highest bit, which makes the float a negative one.
            let scores: Vec<Bounded> = twin::snip(&w, &dw);
            Expected::within(&scores)
        }
    };
    let keys = bench.output("keys", expected);
    op.record(&mut bench.plan, inputs.each_ref(), &keys);
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    let case = |criterion: Criterion| {
        let op = Score {
            length: 3001,
            criterion,
            stream: Stream::Score,
        };
        let shape = format!("{}, {criterion:?}", op.length).to_lowercase();
        Case::new("score", shape, move |setting| check(setting, op))
    };
    [Criterion::Magnitude, Criterion::Random, Criterion::Snip]
        .map(case)
        .into()
}
