//! Rectified linear units against their twin, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::relu::check;
use wgprune::ops::Relu;

#[test]
fn relu_agrees_with_its_twin() {
    for length in [1, 131, 70_003] {
        let op = Relu { length };
        assert_sound_everywhere(&format!("{op:?}"), |setting| check(setting, op));
    }
}
