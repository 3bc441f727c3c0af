//! Plans that a device refuses to load: their kernels, which run without bounds checks, would not be sound.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

mod common;

use common::unchecked_settings;
use wgprune::check::Setting;
use wgprune::gpu::{Plan, Product, Tuning};
use wgprune::ops::Relu;

/// The message with which the device refuses a ReLU of this tuning and length.
fn refusal(Setting { gpu, .. }: &Setting, tuning: Tuning, length: u32) -> String {
    let mut plan = Plan::new(tuning);
    plan.phase("op");
    let [x, y] = ["x", "y"].map(|name| plan.tensor(name, &[length]));
    Relu { length }.forward(&mut plan, &x, &y);
    gpu.load(&plan).err().unwrap().to_string()
}

#[test]
fn a_tensor_without_elements_is_refused_by_name() {
    for setting in unchecked_settings() {
        let message = refusal(&setting, setting.tuning, 0);
        assert!(
            message.contains("relu_forward") && message.contains("x has no elements"),
            "{message}"
        );
    }
}

#[test]
fn a_tuning_for_other_subgroups_is_refused() {
    for setting in unchecked_settings() {
        let lanes = if setting.gpu.adapter.lanes() == Some(8) {
            4
        } else {
            8
        };
        let other = Tuning {
            product: Product::Lanes(lanes),
            ..setting.tuning
        };
        let message = refusal(&setting, other, 7);
        assert!(
            message.contains(&format!("subgroups of {lanes}")),
            "{message}"
        );
    }
}
