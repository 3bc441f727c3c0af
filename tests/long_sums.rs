//! Sums of more terms than some drivers' loops can count, in every kernel that adds up: one version of llvmpipe ends a
//! loop silently after 65,535 iterations.

#![allow(
    clippy::cast_possible_truncation,
    reason = "a failed test should panic, and its numbers are small"
)]

mod common;

use common::{assert_sound, unchecked_settings};
use wgprune::check::{
    Setting, avg_pool, batch_norm, clip, conv2d, filter, floats, integers, linear, metrics,
    pattern, prune,
};
use wgprune::gpu::{Product, Tuning};
use wgprune::net::{Network, Shape};
use wgprune::ops::{AvgPool, BatchNorm, Clip, Conv2d, Filter, Linear, Pattern, Prune};

/// More than a loop can count.
const MANY: u32 = 70_000;

/// As many terms as one sum may have, see `LONGEST_SUM` in `src/ops/product.rs`.
const MOST: u32 = 60_000;

/// The settings of training, and with as few slices as an op allows.
fn settings() -> Vec<Setting> {
    let uncut = |setting: &Setting| Setting {
        tuning: Tuning {
            wanted_groups: 1,
            winograd_channels: 4,
            ..setting.tuning
        },
        ..setting.clone()
    };
    let all = unchecked_settings();
    all.iter().map(uncut).chain(all.clone()).collect()
}

#[test]
fn linear_layers_add_up_many_rows_and_many_features() {
    for (n, c, k) in [(MANY, 3, 2), (2, MOST, 3), (2, 3, MOST)] {
        assert_sound(&format!("{n}x{c} to {k}"), &settings(), |setting| {
            linear::check(setting, Linear { n, c, k }, true)
        });
    }
}

/// Windows so large that outer and inner turns of the loops come close to what a loop can count.
#[test]
fn convolutions_add_up_large_windows() {
    for (kernel, c) in [(141, 1), (122, 2)] {
        let op = Conv2d {
            n: 1,
            h: kernel,
            w: kernel,
            c,
            k: c,
            kernel,
            stride: 1,
            pad: 1,
        };
        assert_sound(&format!("{op:?}"), &unchecked_settings(), |setting| {
            conv2d::check(setting, op, false)
        });
    }
}

#[test]
fn networks_with_larger_windows_are_refused() {
    for layer in [
        "kind = 'max-pool'\nkernel = 256",
        "kind = 'conv2d'\noutputs = 1\nkernel = 182\npad = 1",
        "kind = 'conv2d'\noutputs = 2\nkernel = 173\npad = 1",
    ] {
        let text = format!("[[layer]]\n{layer}\n[[layer]]\nkind = 'global-avg-pool'\n");
        let network: Network = toml::from_str(&text).expect("a network");
        let shape = Shape {
            h: 240,
            w: 240,
            c: 1,
        };
        let shape = if layer.contains("256") {
            Shape {
                h: 256,
                w: 256,
                c: 1,
            }
        } else {
            shape
        };
        let refusal = network
            .build("net.toml", shape, 1)
            .map(|_| ())
            .expect_err(layer);
        assert!(
            refusal.what.contains("turns of a loop"),
            "{layer}: {refusal}"
        );
    }
}

#[test]
fn convolutions_add_up_many_tiles() {
    // Close to the most tiles that a sum over them may have, and more than that, which the plain sums compute.
    for (n, is_winograd) in [(59_000, true), (61_000, false)] {
        let op = Conv2d {
            n,
            h: 3,
            w: 3,
            c: 4,
            k: 4,
            kernel: 3,
            stride: 1,
            pad: 1,
        };
        let settings: Vec<Setting> = (settings().into_iter())
            .filter(|setting| setting.tuning.winograd_channels == 4)
            // Shared tiles are slow on software adapters, and linear layers show that their sums are whole.
            .filter(|setting| !matches!(setting.tuning.product, Product::Tiles { .. }))
            .collect();
        for setting in &settings {
            assert_eq!(op.is_winograd(setting.tuning), is_winograd);
        }
        assert_sound(&format!("{op:?}"), &settings, |setting| {
            conv2d::check(setting, op, true)
        });
    }
}

#[test]
fn batch_norms_add_up_many_pixels() {
    let op = BatchNorm {
        rows: MANY,
        c: 4,
        relu: true,
    };
    assert_sound(&format!("{op:?}"), &settings(), |setting| {
        batch_norm::check(setting, op, false, 0.5)
    });
}

#[test]
fn average_pools_add_up_many_pixels() {
    let op = AvgPool {
        n: 1,
        h: 250,
        w: 240,
        c: 4,
        window: [250, 240],
        stride: 1,
    };
    assert_eq!(op.h * op.w, MOST);
    assert_sound(&format!("{op:?}"), &unchecked_settings(), |setting| {
        avg_pool::check(setting, op)
    });
}

#[test]
fn metrics_add_up_many_rows() {
    let (loss, hit) = metrics::rows(MANY, MANY - 5);
    assert_sound("metrics", &unchecked_settings(), |setting| {
        metrics::check(setting, &loss, &hit, MANY - 5, [3, 3])
    });
}

#[test]
fn masks_and_norms_are_of_many_weights() {
    let count = (64 * MANY).next_multiple_of(2048);
    let w = floats(1, count);
    let mask = integers(2, count / 32, 0..u32::MAX);
    let parts = [(Prune { segment: 0 }, count)];
    assert_sound("prune", &unchecked_settings(), |setting| {
        prune::check(setting, (&w, &mask), &parts, &[count / 10])
    });
    let filters = Filter {
        filters: 3,
        inputs: MOST,
    };
    assert_sound("filter", &unchecked_settings(), |setting| {
        filter::check(setting, filters, 0)
    });
    // The largest one that a configuration can have.
    let pattern = Pattern {
        outputs: 3,
        channels: 256,
        positions: 1,
        kept: 64,
        size: 128,
    };
    assert_sound("pattern", &unchecked_settings(), |setting| {
        pattern::check(setting, pattern)
    });
    assert_sound("clip", &unchecked_settings(), |setting| {
        clip::check(setting, Clip { norm: 1.0 }, &mask, &w)
    });
}
