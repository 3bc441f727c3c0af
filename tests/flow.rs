//! What a network is fed to find its flow, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::flow::check;
use wgprune::ops::Flow;

#[test]
fn tensors_are_filled_scaled_and_lose_their_signs() {
    for (length, size) in [
        (1, 1.0),
        (1030, 1e30),
        (70_003, 1e-25),
        (300_000, 1.0),
        (30, 0.0),
    ] {
        let op = Flow { length };
        assert_sound_everywhere(&format!("{op:?} {size}"), |setting| {
            check(setting, op, size)
        });
    }
}
