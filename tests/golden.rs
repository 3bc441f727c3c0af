//! The twins of the ops against PyTorch: files that assets/golden/ops.py wrote, in PyTorch's layouts.
//!
//! Twin and golden both compute in f64 from the same inputs, so they differ by f64 rounding: [`CLOSE`] of the magnitudes
//! involved, which here are below 100. Only the optimisers, whose state is f32 between steps, have a bound of their own.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a failed test should panic, and its numbers are small"
)]

#[path = "common/golden.rs"]
mod file;

use file::{Golden, permuted};
use wgprune::check::step;
use wgprune::ops::{
    Adam, AvgPool, BatchNorm, Clip, Conv2d, CrossEntropy, Linear, MaxPool, Sgd, StepParams,
};
use wgprune::reference::batch_norm::{self, Channels};
use wgprune::reference::update::{Parameters, Updated};
use wgprune::reference::{
    Bounded, avg_pool, clip, conv2d, cross_entropy, grad_bias, linear, max_pool, update,
};

/// Sums of at most a few hundred terms below 100, each rounded to half of 2.2e-16 of itself.
const CLOSE: f64 = 1e-12;

/// N·C·H·W to N·H·W·C.
const CHANNELS_LAST: [usize; 4] = [0, 2, 3, 1];
/// O·I·R·S to R·S·I·O.
const OUTPUTS_LAST: [usize; 4] = [2, 3, 1, 0];
/// A matrix to its transpose.
const TRANSPOSED: [usize; 2] = [1, 0];

#[track_caller]
fn assert_close(what: &str, twin: &[f64], golden: &[f64]) {
    assert_eq!(twin.len(), golden.len(), "length of {what}");
    for (i, (twin, golden)) in twin.iter().zip(golden).enumerate() {
        let difference = (twin - golden).abs();
        assert!(
            difference <= CLOSE * (1.0 + golden.abs()),
            "{what}[{i}] is {twin}, not {golden}"
        );
    }
}

fn values(bounded: &[Bounded]) -> Vec<f64> {
    bounded.iter().map(|bounded| bounded.value).collect()
}

#[test]
fn the_twin_of_a_convolution_gives_what_pytorch_gives() {
    let golden = Golden::open("conv2d");
    for case in ["plain", "padded", "strided", "wide"] {
        let (x, w) = (golden.input(case, "x"), golden.input(case, "w"));
        let [n, c, h, width] = [0, 1, 2, 3].map(|axis| x.1[axis] as u32);
        let (geometry, k) = (golden.integers(case, "geometry").0, w.1[0] as u32);
        let [kernel, stride, pad] = [geometry[0], geometry[1], geometry[2]];
        let op = Conv2d {
            n,
            h,
            w: width,
            c,
            k,
            kernel,
            stride,
            pad,
        };
        let (x, w) = (permuted(x, &CHANNELS_LAST), permuted(w, &OUTPUTS_LAST));
        let dy = permuted(golden.input(case, "dy"), &CHANNELS_LAST);
        let y = conv2d::forward(&op, &x, &w, Some(&golden.input(case, "bias").0));
        assert_close(
            case,
            &y,
            &permuted(golden.output(case, "y"), &CHANNELS_LAST),
        );
        let dx = conv2d::grad_input(&op, &w, &dy);
        assert_close(
            case,
            &dx,
            &permuted(golden.output(case, "dx"), &CHANNELS_LAST),
        );
        let dw = conv2d::grad_weight(&op, &x, &dy);
        assert_close(
            case,
            &dw,
            &permuted(golden.output(case, "dw"), &OUTPUTS_LAST),
        );
        assert_close(case, &grad_bias(k, &dy), &golden.output(case, "dbias").0);
    }
}

#[test]
fn the_twin_of_a_linear_layer_gives_what_pytorch_gives() {
    let golden = Golden::open("linear");
    let case = "plain";
    let (x, shape) = golden.input(case, "x");
    let w = golden.input(case, "w");
    let op = Linear {
        n: shape[0] as u32,
        c: shape[1] as u32,
        k: w.1[0] as u32,
    };
    let w = permuted(w, &TRANSPOSED);
    let (dy, _) = golden.input(case, "dy");
    let y = linear::forward(&op, &x, &w, Some(&golden.input(case, "bias").0));
    assert_close("y", &y, &golden.output(case, "y").0);
    assert_close(
        "dx",
        &linear::grad_input(&op, &w, &dy),
        &golden.output(case, "dx").0,
    );
    let dw = permuted(golden.output(case, "dw"), &TRANSPOSED);
    assert_close("dw", &linear::grad_weight(&op, &x, &dy), &dw);
    assert_close(
        "dbias",
        &grad_bias(op.k, &dy),
        &golden.output(case, "dbias").0,
    );
}

#[test]
fn the_twin_of_a_max_pool_picks_the_winners_that_pytorch_picks() {
    let golden = Golden::open("max_pool");
    for case in ["plain", "overlapping", "padded", "dense"] {
        let x = golden.input(case, "x");
        let [n, c, h, w] = [0, 1, 2, 3].map(|axis| x.1[axis] as u32);
        let (geometry, _) = golden.integers(case, "geometry");
        let [kernel, stride, pad] = [geometry[0], geometry[1], geometry[2]];
        let op = MaxPool {
            n,
            h,
            w,
            c,
            kernel,
            stride,
            pad,
        };
        let (y, winner) = max_pool::forward(&op, &permuted(x, &CHANNELS_LAST));
        let y: Vec<f64> = y.into_iter().map(f64::from).collect();
        assert_close(
            case,
            &y,
            &permuted(golden.output(case, "y"), &CHANNELS_LAST),
        );
        // PyTorch counts winners within the image, the op within the window.
        let within_image = |(o, tap): (usize, &u32)| {
            let (p, q) = (o as u32 / (c * op.q()) % op.p(), o as u32 / c % op.q());
            (p * stride + tap / kernel - pad) * w + q * stride + tap % kernel - pad
        };
        let places: Vec<u32> = winner.iter().enumerate().map(within_image).collect();
        assert_eq!(
            places,
            permuted(golden.integers(case, "winner"), &CHANNELS_LAST),
            "{case}"
        );
        let dy = permuted(golden.input(case, "dy"), &CHANNELS_LAST);
        let dx = max_pool::grad_input(&op, &dy, &winner);
        assert_close(
            case,
            &dx,
            &permuted(golden.output(case, "dx"), &CHANNELS_LAST),
        );
    }
}

#[test]
fn the_twin_of_cross_entropy_smooths_labels_as_pytorch_does() {
    let golden = Golden::open("cross_entropy");
    for case in ["hard", "smooth"] {
        let (z, shape) = golden.input(case, "z");
        let smoothing = golden.input(case, "smoothing").0[0];
        let [n, classes] = [shape[0] as u32, shape[1] as u32];
        let op = CrossEntropy {
            n,
            classes,
            smoothing,
        };
        let labels = golden.integers(case, "labels").0;
        let expected = cross_entropy::cross_entropy(&op, &z, &labels, n);
        assert_close(
            case,
            &values(&expected.loss),
            &golden.output(case, "loss").0,
        );
        assert_close(case, &values(&expected.dz), &golden.output(case, "dz").0);
        assert_eq!(expected.hit, golden.integers(case, "hit").0, "{case}");
    }
}

#[test]
fn the_twin_of_clipping_gives_what_pytorch_gives() {
    let golden = Golden::open("clip");
    for case in ["large", "small"] {
        let [a, b] = ["a", "b"].map(|name| golden.input(case, name).0);
        let dw = [a, b].concat();
        let norm = golden.input(case, "norm").0[0];
        let clipped = clip::clip(&Clip { norm }, &vec![u32::MAX; dw.len() / 32], &dw);
        let [da, db] = ["da", "db"].map(|name| golden.output(case, name).0);
        assert_close(case, &values(&clipped), &[da, db].concat());
    }
}

/// What each of the three steps of the goldens comes with.
fn params(t: i32, momentum: f32) -> StepParams {
    let correction = |beta: f32| (1.0 - f64::from(beta).powi(t + 1)) as f32;
    StepParams {
        learning_rate: 0.1,
        correction_1: correction(momentum),
        correction_2: correction(0.999),
        momentum,
        ..step(1)
    }
}

/// Momentum of the steps of a cycle.
const CYCLE: [f32; 3] = [0.95, 0.85, 0.9];

/// Three steps of a twin from a state of zeros. PyTorch keeps parameters and state in f64 where the twin gets f32, twice
/// rounded by the third step: less than what the twin allows a kernel, which is 8 to 32 such roundings.
fn assert_follows<const S: usize>(
    case: &str,
    has_state: bool,
    momentum: [f32; 3],
    step: impl Fn(&StepParams, Parameters<'_>, [&[f32]; S]) -> Updated<S>,
) {
    let golden = Golden::open("update");
    let (mut w, _) = golden.input(case, "w");
    let (gradients, _) = golden.input(case, "dw");
    let mut moments = [(); S].map(|()| vec![0.0; w.len()]);
    let mask = vec![u32::MAX; w.len() / 32];
    let assert_admits = |what: String, bounded: &[Bounded], golden: &[f64]| {
        for (i, (Bounded { value, bound }, golden)) in bounded.iter().zip(golden).enumerate() {
            assert!(
                (value - golden).abs() <= *bound,
                "{case}.{what}[{i}] is {value}, not {golden} within {bound:e}"
            );
        }
    };
    for ((t, dw), momentum) in (0..).zip(gradients.chunks(w.len())).zip(momentum) {
        let parameters = Parameters {
            w: &w,
            dw,
            mask: &mask,
        };
        let moments_now = moments.each_ref().map(Vec::as_slice);
        let updated = step(&params(t, momentum), parameters, moments_now);
        assert_admits(
            format!("w{t}"),
            &updated.w,
            &golden.output(case, &format!("w{t}")).0,
        );
        for (slot, moment) in updated.moments.iter().enumerate().filter(|_| has_state) {
            let name = format!("state{slot}.{t}");
            assert_admits(name.clone(), moment, &golden.output(case, &name).0);
        }
        let single = |list: &Vec<Bounded>| list.iter().map(|b| b.value as f32).collect::<Vec<_>>();
        (w, moments) = (single(&updated.w), updated.moments.each_ref().map(single));
    }
}

#[test]
fn the_twin_of_sgd_follows_pytorch() {
    for (case, momentum, nesterov) in [
        ("plain", [0.0; 3], false),
        ("momentum", [0.9; 3], false),
        ("nesterov", [0.9; 3], true),
        ("nesterov-cycled", CYCLE, true),
    ] {
        let op = Sgd {
            nesterov,
            weight_decay: 0.01,
        };
        // Without momentum PyTorch keeps no state.
        let has_state = momentum[0] > 0.0;
        assert_follows(case, has_state, momentum, |step, p, [v]: [&[f32]; 1]| {
            update::sgd(&op, step, p, v)
        });
    }
}

#[test]
fn the_twin_of_adam_follows_pytorch() {
    let op = Adam {
        beta_2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.01,
    };
    for (case, momentum) in [("adam", [0.9; 3]), ("adam-cycled", CYCLE)] {
        assert_follows(case, true, momentum, |step, p, moments: [&[f32]; 2]| {
            update::adam(&op, step, p, moments)
        });
    }
}

#[test]
fn the_twin_of_an_average_pool_gives_what_pytorch_gives() {
    let golden = Golden::open("avg_pool");
    for case in ["plain", "overlapping", "global"] {
        let geometry = golden.integers(case, "geometry").0;
        let x = golden.input(case, "x");
        let [n, c, h, w] = [0, 1, 2, 3].map(|axis| x.1[axis] as u32);
        let op = AvgPool {
            n,
            h,
            w,
            c,
            window: [geometry[0], geometry[1]],
            stride: geometry[2],
        };
        let y = avg_pool::forward(&op, &permuted(x, &CHANNELS_LAST));
        let wanted = permuted(golden.output(case, "y"), &CHANNELS_LAST);
        assert_close(case, &y, &wanted);
        let dy = permuted(golden.input(case, "dy"), &CHANNELS_LAST);
        let wanted = permuted(golden.output(case, "dx"), &CHANNELS_LAST);
        assert_close(case, &avg_pool::grad_input(&op, &dy), &wanted);
    }
}

#[test]
fn the_twin_of_a_batch_norm_gives_what_pytorch_gives() {
    let golden = Golden::open("batch_norm");
    for case in ["training", "fused", "evaluation"] {
        let [fused, trains] = [case == "fused", case != "evaluation"];
        let op = BatchNorm {
            rows: 16,
            c: 3,
            relu: fused,
        };
        let pixels = |name| permuted(golden.input(case, name), &CHANNELS_LAST);
        let wanted = |name| golden.output(case, name).0;
        let channels = |name| golden.input(case, name).0;
        let exact = |name| wanted(name).iter().map(|&v| v as f32).collect();
        let x = pixels("x");
        let running = ["running_mean", "running_variance"].map(channels);
        let own: [Vec<f32>; 2] = ["mean", "variance"].map(exact);
        let all = batch_norm::statistics(&op, &x, running.each_ref().map(|v| &v[..]));
        let after = ["running_mean_after", "running_variance_after"];
        for (name, twin) in ["mean", "variance"].into_iter().chain(after).zip(&all) {
            // Evaluation leaves the running statistics as they are.
            if trains || !after.contains(&name) {
                assert_close(&format!("{case} {name}"), &values(twin), &wanted(name));
            }
        }
        let [mean, variance] = if trains { &own } else { &running };
        let [scale, shift] = &["scale", "shift"].map(channels);
        let by = Channels {
            mean,
            variance,
            scale,
            shift,
        };
        let added = fused.then(|| pixels("added"));
        let y = values(&batch_norm::forward(&op, &x, &by, added.as_deref()));
        let wanted_pixels = |name| permuted(golden.output(case, name), &CHANNELS_LAST);
        assert_close(case, &y, &wanted_pixels("y"));
        if !trains {
            continue;
        }
        let y: Vec<f32> = y.iter().map(|&v| v as f32).collect();
        let gradients = batch_norm::backward(&op, [&pixels("dy"), &y, &x], &by, true);
        assert_close(case, &values(&gradients.dx), &wanted_pixels("dx"));
        assert_close(case, &values(&gradients.dscale), &wanted("dscale"));
        assert_close(case, &values(&gradients.dshift), &wanted("dshift"));
        if fused {
            let dadded: Vec<f64> = gradients.dadded.iter().map(|&v| v.into()).collect();
            assert_close(case, &dadded, &wanted_pixels("dadded"));
        }
    }
}
