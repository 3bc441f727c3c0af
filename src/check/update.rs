//! The check of the optimisers, [`Sgd`] and [`Adam`].

use super::{Bench, Case, Expected, Finding, Setting, floats, integers, step};
use crate::error::Result;
use crate::gpu::{Plan, Tensor};
use crate::ops::{Adam, Fault, Record, Sgd, StepParams, UpdateTensors};
use crate::reference::Bounded;
use crate::reference::prune::is_kept;
use crate::reference::update::{Parameters, Updated, adam, sgd};

/// Parameters of [`Data`].
pub const LENGTH: u32 = 32 * 41;

const ROW: u32 = 2;
const EMPTY: Record = Record {
    loss: 1.0,
    hits: 2,
    count: 3,
    fault: 0,
};

/// Parameters with gradients, a mask that keeps about half, two moments, and the momentum of the step.
#[derive(Debug, Clone)]
pub struct Data {
    /// Parameters.
    pub w: Vec<f32>,
    /// Gradients.
    pub dw: Vec<f32>,
    /// One bit for each parameter, lowest first.
    pub mask: Vec<u32>,
    /// Velocity of SGD, or first moment of Adam.
    pub first: Vec<f32>,
    /// Second moment of Adam, not negative.
    pub second: Vec<f32>,
    /// Momentum of SGD, or decay of the first moment of Adam.
    pub momentum: f32,
}

impl Data {
    /// Random numbers; the first words of the mask keep none, all, the first and the last.
    pub fn random() -> Self {
        let mut mask = integers(5, LENGTH / 32, 0..u32::MAX);
        mask[..4].copy_from_slice(&[0, u32::MAX, 1, 1 << 31]);
        Self {
            w: floats(1, LENGTH),
            dw: floats(2, LENGTH),
            mask,
            first: floats(3, LENGTH),
            second: floats(4, LENGTH).iter().map(|v| v * v).collect(),
            momentum: 0.9,
        }
    }

    /// The first position from `start` on that the mask keeps, or does not.
    ///
    /// # Panics
    /// If there is none.
    pub fn position(&self, start: usize, kept: bool) -> usize {
        (start..)
            .find(|&i| is_kept(&self.mask, i) == kept)
            .expect("a mask of both")
    }

    fn parameters(&self) -> Parameters<'_> {
        Parameters {
            w: &self.w,
            dw: &self.dw,
            mask: &self.mask,
        }
    }

    /// The third step.
    fn step(&self) -> StepParams {
        StepParams {
            record: ROW,
            learning_rate: 0.1,
            correction_1: 1.0 - self.momentum.powi(3),
            correction_2: 1.0 - 0.999 * 0.999 * 0.999,
            momentum: self.momentum,
            ..step(1)
        }
    }
}

/// One step of SGD.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check_sgd(setting: &Setting, op: Sgd, data: &Data) -> Result<Vec<Finding>> {
    let expected = expect_sgd(op, data);
    check(
        setting,
        data,
        &expected,
        [&data.first],
        |plan, tensors, [velocity]| {
            op.record(plan, tensors, velocity);
        },
    )
}

/// What the twin makes of a step of SGD.
pub fn expect_sgd(op: Sgd, data: &Data) -> Updated<1> {
    sgd(&op, &data.step(), data.parameters(), &data.first)
}

/// One step of Adam.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check_adam(setting: &Setting, op: Adam, data: &Data) -> Result<Vec<Finding>> {
    let (expected, moments) = (expect_adam(op, data), [&data.first[..], &data.second]);
    check(
        setting,
        data,
        &expected,
        moments,
        |plan, tensors, moments| {
            op.record(plan, tensors, moments);
        },
    )
}

/// What the twin makes of a step of Adam.
pub fn expect_adam(op: Adam, data: &Data) -> Updated<2> {
    let moments = [&data.first[..], &data.second];
    adam(&op, &data.step(), data.parameters(), moments)
}

/// Runs `op` and compares all that it leaves with the twin's.
fn check<const S: usize>(
    setting: &Setting,
    data: &Data,
    expected: &Updated<S>,
    moments: [&[f32]; S],
    op: impl Fn(&mut Plan, UpdateTensors<'_>, [&Tensor; S]),
) -> Result<Vec<Finding>> {
    let mut after = Expected::within(&expected.w);
    for (i, after) in after.iter_mut().enumerate() {
        // Not even the sign of a removed weight is left, where no fault lets its four be.
        if !is_kept(&data.mask, i) && expected.w[i] == Bounded::exact(0.0) {
            *after = Expected::Bits(0);
        }
    }
    let mut records = [EMPTY; 4];
    records[ROW as usize].fault = expected.fault.map_or(0, Fault::word);

    let mut bench = Bench::new(setting);
    let dw = bench.input("dw", &data.dw);
    let mask = bench.input("mask", &data.mask);
    let step = bench.input("step", &[data.step()]);
    bench.direction("update");
    let w = bench.state("w", &data.w, after);
    let records = bench.state("records", &[EMPTY; 4], Expected::bits(&records));
    let mut moments = moments.iter().zip(&expected.moments);
    let moments = [(); S].map(|()| {
        let (before, expected) = moments.next().expect("as many moments as the twin has");
        bench.state("moment", before, Expected::within(expected))
    });
    let tensors = UpdateTensors {
        w: &w,
        dw: &dw,
        mask: &mask,
        step: &step,
        records: &records,
    };
    op(&mut bench.plan, tensors, moments.each_ref());
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    let nesterov = Sgd {
        nesterov: true,
        weight_decay: 5e-4,
    };
    let adam = Adam {
        beta_2: 0.999,
        epsilon: 1e-8,
        weight_decay: 1e-2,
    };
    // With a gradient that is no number among those that are kept, and another among the removed.
    let broken = || {
        let mut data = Data::random();
        for i in [data.position(700, true), data.position(300, false)] {
            data.dw[i] = f32::NAN;
        }
        data
    };
    vec![
        Case::new("update", format!("SGD of {LENGTH}"), move |setting| {
            check_sgd(setting, nesterov, &Data::random())
        }),
        Case::new(
            "update",
            format!("SGD of {LENGTH}, one gradient NaN"),
            move |setting| check_sgd(setting, nesterov, &broken()),
        ),
        Case::new("update", format!("Adam of {LENGTH}"), move |setting| {
            check_adam(setting, adam, &Data::random())
        }),
        Case::new(
            "update",
            format!("Adam of {LENGTH}, one gradient NaN"),
            move |setting| check_adam(setting, adam, &broken()),
        ),
    ]
}
