//! What a network is fed to find its flow, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::flow::check;
use wgprune::ops::Flow;

#[test]
fn tensors_are_filled_and_lose_their_signs() {
    for length in [1, 1030, 70_003] {
        let op = Flow { length };
        assert_sound_everywhere(&format!("{op:?}"), |setting| check(setting, op));
    }
}
