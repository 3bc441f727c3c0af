//! The optimisers against their twins, on every adapter.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a failed test should panic, and its numbers are small"
)]

mod common;

use common::assert_sound_everywhere;
use wgprune::check::update::{Data, check_adam, check_sgd, expect_adam, expect_sgd};
use wgprune::ops::{Adam, Fault, Sgd};
use wgprune::reference::prune::is_kept;

const SGD: Sgd = Sgd {
    nesterov: false,
    weight_decay: 5e-4,
};
const ADAM: Adam = Adam {
    beta_2: 0.999,
    epsilon: 1e-8,
    weight_decay: 1e-2,
};

fn assert_sgd_agrees(data: &Data, op: Sgd) -> Option<Fault> {
    assert_sound_everywhere(&format!("{op:?}"), |setting| check_sgd(setting, op, data));
    expect_sgd(op, data).fault
}

fn assert_adam_agrees(data: &Data, op: Adam) -> Option<Fault> {
    assert_sound_everywhere(&format!("{op:?}"), |setting| check_adam(setting, op, data));
    expect_adam(op, data).fault
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
            nesterov: false,
            weight_decay: 0.0,
        },
    ] {
        for momentum in [0.9, 0.5, 0.0] {
            let data = Data {
                momentum,
                ..Data::random()
            };
            assert_sgd_agrees(&data, op);
        }
    }
}

#[test]
fn adam_agrees_with_its_twin() {
    assert_adam_agrees(&Data::random(), ADAM);
    let mut fresh = Data::random();
    fresh.first.fill(0.0);
    fresh.second.fill(0.0);
    fresh.dw[40..50].fill(0.0);
    assert_adam_agrees(
        &fresh,
        Adam {
            weight_decay: 0.0,
            ..ADAM
        },
    );
    let slow = Data {
        momentum: 0.95,
        ..Data::random()
    };
    assert_adam_agrees(&slow, ADAM);
}

#[test]
fn a_gradient_that_is_not_finite_is_reported_and_not_applied() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for lane in 0..4 {
            let mut data = Data::random();
            let i = data.position(64 * 5 + lane, true);
            data.dw[i] = bad;
            let fault = assert_sgd_agrees(&data, SGD);
            assert_eq!(fault, Some(Fault::Gradient(i as u32 / 4 * 4)));
        }
        let mut data = Data::random();
        for start in [700, 1200, 40] {
            let i = data.position(start, true);
            data.dw[i] = bad;
        }
        let last = Fault::Gradient(data.position(1200, true) as u32 / 4 * 4);
        assert_eq!(assert_sgd_agrees(&data, SGD), Some(last));
        assert_eq!(assert_adam_agrees(&data, ADAM), Some(last));
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
            let mut data = Data::random();
            let i = data.position(64 * 7 + lane, true);
            (data.w[i], data.dw[i], data.first[i]) = (w, dw, first);
            let fault = Some(Fault::Update(i as u32 / 4 * 4));
            let found = assert_sgd_agrees(&data, SGD);
            assert_eq!(found, fault.filter(|_| sgd), "{w} {dw} {first}");
            let found = assert_adam_agrees(&data, ADAM);
            assert_eq!(found, fault.filter(|_| adam), "{w} {dw} {first}");
        }
    }
}

#[test]
fn what_would_become_of_a_removed_weight_is_ignored_whatever_it_is() {
    let mut data = Data::random();
    let i = data.position(300, false);
    data.w[i] = f32::NAN;
    let j = data.position(700, false);
    (data.first[j], data.second[j]) = (f32::INFINITY, f32::NAN);
    assert_eq!(assert_sgd_agrees(&data, SGD), None);
    assert_eq!(assert_adam_agrees(&data, ADAM), None);
}

#[test]
fn the_gradient_of_a_removed_weight_is_ignored_whatever_it_is() {
    let mut data = Data::random();
    let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    let removed: Vec<usize> = (0..data.w.len())
        .filter(|&i| !is_kept(&data.mask, i))
        .collect();
    for (&i, bad) in removed.iter().zip(bad.into_iter().cycle()) {
        data.dw[i] = bad;
    }
    assert_eq!(assert_sgd_agrees(&data, SGD), None);
    assert_eq!(assert_adam_agrees(&data, ADAM), None);
}
