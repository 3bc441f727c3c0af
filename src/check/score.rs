//! The check of [`Score`].

use super::{Bench, Case, Expected, Finding, Setting, floats, integers, step};
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
    let [mut w, mut dw] = [1, 2].map(|seed| floats(seed, op.length));
    let mut behind = floats(3, op.length);
    // Zeros of both signs are equal.
    w[0] = -0.0;
    if op.criterion == Criterion::Grasp {
        // Keys of floats that are rounded cannot be compared, and these need not be.
        for values in [&mut w, &mut dw, &mut behind] {
            values
                .iter_mut()
                .for_each(|value| *value = (*value * 64.0).trunc());
        }
    }
    let mut bench = Bench::new(setting);
    let inputs = [
        bench.input("w", &w),
        bench.input("dw", &dw),
        bench.input("behind", &behind),
        bench.input("step", bytemuck::cast_slice::<_, u32>(&[params])),
    ];
    bench.direction("score");
    let expected = match op.criterion {
        Criterion::Magnitude => Expected::bits(&twin::magnitude_keys(&w)),
        Criterion::Movement => {
            let parts = w.iter().zip(&behind);
            let moved: Vec<f32> = parts.map(|(w, start)| w - start).collect();
            Expected::bits(&twin::magnitude_keys(&moved))
        }
        Criterion::InitialMagnitude => Expected::bits(&twin::magnitude_keys(&behind)),
        Criterion::Random => Expected::bits(&twin::random_keys(op.length, &params, op.stream)),
        Criterion::Grasp => {
            let parts = w.iter().zip(&dw).zip(&behind);
            let scores: Vec<f32> = parts.map(|((w, dw), behind)| w * (dw - behind)).collect();
            Expected::bits(&twin::signed_keys(&scores))
        }
        Criterion::Snip | Criterion::Synflow => {
            // A sign would show in the key's highest bit, which makes the float a negative one.
            let scores: Vec<Bounded> = twin::snip(&w, &dw);
            Expected::within(&scores)
        }
        Criterion::Learned => unreachable!("a learned score is interpolated"),
    };
    let keys = bench.output("keys", expected);
    op.record(&mut bench.plan, inputs.each_ref(), &keys);
    bench.direction("invert");
    let mut before = integers(5, op.length, 0..u32::MAX);
    let last = before.len() - 1;
    (before[0], before[last]) = (0, u32::MAX);
    let contrary: Vec<u32> = before
        .iter()
        .map(|&key| (u32::MAX - 1).saturating_sub(key))
        .collect();
    let keys = bench.state("inverted", &before, Expected::bits(&contrary));
    op.invert(&mut bench.plan, &keys);
    let wrong = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    for (direction, count) in [("no fault", 0), ("fault", op.length.min(3) as usize)] {
        bench.direction(direction);
        let mut w = floats(1, op.length);
        let mut places = [op.length / 3, op.length / 2, op.length.saturating_sub(1)];
        places.reverse();
        for (&place, wrong) in places.iter().zip(wrong).take(count) {
            w[place as usize] = wrong;
        }
        let own = twin::magnitude_keys(&w);
        let fault = twin::fault(&own);
        let keys = bench.input("keys", &own);
        let gfault = bench.state("fault", &[0], Expected::bits(&[fault]));
        op.fault(&mut bench.plan, &keys, &gfault);
    }
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
    [
        Criterion::Magnitude,
        Criterion::Movement,
        Criterion::InitialMagnitude,
        Criterion::Random,
        Criterion::Snip,
        Criterion::Grasp,
    ]
    .map(case)
    .into()
}
