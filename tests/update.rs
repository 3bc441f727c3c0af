//! The optimisers against their twins, on every adapter.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a failed test should panic, and its numbers are small"
)]

mod common;

use common::{Bench, Setting, assert_close, floats, integers, settings, step};
use wgprune::ops::{Adam, Fault, Record, Sgd, StepParams, UpdateTensors};
use wgprune::reference::prune::is_kept;
use wgprune::reference::update::{Parameters, Updated, adam, sgd};

const LENGTH: u32 = 32 * 41;
const ROW: usize = 2;
const EMPTY: Record = Record {
    loss: 1.0,
    hits: 2,
    count: 3,
    fault: 0,
};

const SGD: Sgd = Sgd {
    momentum: 0.9,
    nesterov: false,
    weight_decay: 5e-4,
};
const ADAM: Adam = Adam {
    beta_1: 0.9,
    beta_2: 0.999,
    epsilon: 1e-8,
    weight_decay: 1e-2,
};

fn params() -> StepParams {
    StepParams {
        record: ROW as u32,
        learning_rate: 0.1,
        // The third step.
        correction_1: 1.0 - 0.9f32.powi(3),
        correction_2: 1.0 - 0.999f32.powi(3),
        ..step(1)
    }
}

/// Parameters with gradients, a mask that keeps about half, and two moments.
struct Data {
    w: Vec<f32>,
    dw: Vec<f32>,
    mask: Vec<u32>,
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Data {
    fn new() -> Self {
        let squares = floats(4, LENGTH).iter().map(|v| v * v).collect();
        let mut mask = integers(5, LENGTH / 32, 0..u32::MAX);
        mask[..4].copy_from_slice(&[0, u32::MAX, 1, 1 << 31]);
        Self {
            w: floats(1, LENGTH),
            dw: floats(2, LENGTH),
            mask,
            first: floats(3, LENGTH),
            second: squares,
        }
    }

    fn parameters(&self) -> Parameters<'_> {
        Parameters {
            w: &self.w,
            dw: &self.dw,
            mask: &self.mask,
        }
    }

    /// Runs `op` on the device and compares all that it leaves with the twin's.
    fn assert_agrees<const S: usize>(
        &self,
        setting: &Setting,
        expected: &Updated<S>,
        moments: [&[f32]; S],
        op: impl Fn(&mut wgprune::gpu::Plan, UpdateTensors<'_>, [&wgprune::gpu::Tensor; S]),
    ) {
        let mut bench = Bench::new(setting);
        let w = bench.state("w", &self.w);
        let dw = bench.input("dw", &self.dw);
        let mask = bench.input("mask", &self.mask);
        let step = bench.input("step", &[params()]);
        let records = bench.state("records", &[EMPTY; 4]);
        let moments = moments.map(|moment| bench.state("moment", moment));
        let tensors = UpdateTensors {
            w: &w,
            dw: &dw,
            mask: &mask,
            step: &step,
            records: &records,
        };
        op(&mut bench.plan, tensors, moments.each_ref());
        let machine = bench.run();
        let new_w = machine.read::<f32>(&w).unwrap();
        assert_close("w", &new_w, &expected.w);
        for (moment, expected) in moments.iter().zip(&expected.moments) {
            assert_close("moment", &machine.read(moment).unwrap(), expected);
        }
        let removed = (0..new_w.len()).filter(|&i| !is_kept(&self.mask, i));
        let left = match expected.fault {
            Some(Fault::Gradient(position) | Fault::Update(position)) => position as usize,
            _ => usize::MAX,
        };
        for i in removed.filter(|i| i / 4 * 4 != left) {
            assert_eq!(new_w[i].to_bits(), 0, "removed weight {i}");
        }
        let mut rows = machine.read::<Record>(&records).unwrap();
        assert_eq!(rows[ROW].fault(), expected.fault);
        rows[ROW].fault = 0;
        assert!(rows == [EMPTY; 4], "all but the fault stays");
    }

    fn assert_sgd_agrees(&self, op: Sgd) -> Updated<1> {
        let expected = sgd(&op, params().learning_rate, self.parameters(), &self.first);
        for setting in settings() {
            self.assert_agrees(&setting, &expected, [&self.first], |plan, tensors, [v]| {
                op.record(plan, tensors, v);
            });
        }
        expected
    }

    fn assert_adam_agrees(&self, op: Adam) -> Updated<2> {
        let StepParams {
            learning_rate,
            correction_1,
            correction_2,
            ..
        } = params();
        let moments = [&self.first[..], &self.second];
        let corrections = [correction_1, correction_2];
        let expected = adam(&op, learning_rate, corrections, self.parameters(), moments);
        for setting in settings() {
            self.assert_agrees(&setting, &expected, moments, |plan, tensors, moments| {
                op.record(plan, tensors, moments);
            });
        }
        expected
    }

    /// The first position whose mask bit is `kept`, from `start` on.
    fn position(&self, start: usize, kept: bool) -> usize {
        (start..).find(|&i| is_kept(&self.mask, i) == kept).unwrap()
    }
}

#[test]
fn sgd_agrees_with_its_twin() {
    for op in [
        SGD,
        Sgd {
            nesterov: true,
            ..SGD
        },
        Sgd {
            momentum: 0.0,
            nesterov: false,
            weight_decay: 0.0,
        },
    ] {
        Data::new().assert_sgd_agrees(op);
    }
}

#[test]
fn adam_agrees_with_its_twin() {
    Data::new().assert_adam_agrees(ADAM);
    let mut fresh = Data::new();
    fresh.first.fill(0.0);
    fresh.second.fill(0.0);
    fresh.dw[40..50].fill(0.0);
    fresh.assert_adam_agrees(Adam {
        weight_decay: 0.0,
        ..ADAM
    });
}

#[test]
fn a_gradient_that_is_not_finite_is_reported_and_not_applied() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for lane in 0..4 {
            let mut data = Data::new();
            let i = data.position(64 * 5 + lane, true);
            data.dw[i] = bad;
            let fault = data.assert_sgd_agrees(SGD).fault;
            assert_eq!(fault, Some(Fault::Gradient(i as u32 / 4 * 4)));
        }
        let mut data = Data::new();
        for start in [700, 1200, 40] {
            let i = data.position(start, true);
            data.dw[i] = bad;
        }
        let last = Fault::Gradient(data.position(1200, true) as u32 / 4 * 4);
        assert_eq!(data.assert_sgd_agrees(SGD).fault, Some(last));
        assert_eq!(data.assert_adam_agrees(ADAM).fault, Some(last));
    }
}

#[test]
fn a_parameter_or_moment_that_would_not_be_finite_is_reported_and_left() {
    // The parameter overflows under both, the velocity under SGD alone, the second moment under Adam alone; a
    // parameter that is not finite already is never taken for sound.
    for (w, dw, first, sgd, adam) in [
        (-f32::MAX, f32::MAX, 0.0, true, true),
        (0.0, f32::MAX, f32::MAX, true, true),
        (0.0, 1e30, 0.0, false, true),
        (f32::NAN, 1.0, 0.0, true, true),
        (f32::INFINITY, 0.0, 0.0, true, true),
        (1.0, 1.0, f32::NEG_INFINITY, true, true),
        (1e20, 1e10, 1e20, false, false),
    ] {
        for lane in 0..4 {
            let mut data = Data::new();
            let i = data.position(64 * 7 + lane, true);
            (data.w[i], data.dw[i], data.first[i]) = (w, dw, first);
            let fault = Some(Fault::Update(i as u32 / 4 * 4));
            let found = data.assert_sgd_agrees(SGD).fault;
            assert_eq!(found, fault.filter(|_| sgd), "{w} {dw} {first}");
            let found = data.assert_adam_agrees(ADAM).fault;
            assert_eq!(found, fault.filter(|_| adam), "{w} {dw} {first}");
        }
    }
}

#[test]
fn what_would_become_of_a_removed_weight_is_ignored_whatever_it_is() {
    let mut data = Data::new();
    let i = data.position(300, false);
    data.w[i] = f32::NAN;
    let j = data.position(700, false);
    (data.first[j], data.second[j]) = (f32::INFINITY, f32::NAN);
    assert_eq!(data.assert_sgd_agrees(SGD).fault, None);
    assert_eq!(data.assert_adam_agrees(ADAM).fault, None);
}

#[test]
fn the_gradient_of_a_removed_weight_is_ignored_whatever_it_is() {
    let mut data = Data::new();
    let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    let removed: Vec<usize> = (0..data.w.len())
        .filter(|&i| !is_kept(&data.mask, i))
        .collect();
    for (&i, bad) in removed.iter().zip(bad.into_iter().cycle()) {
        data.dw[i] = bad;
    }
    assert_eq!(data.assert_sgd_agrees(SGD).fault, None);
    assert_eq!(data.assert_adam_agrees(ADAM).fault, None);
}
