//! Weights moved along a direction against their twin, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::displace::check;
use wgprune::ops::Displace;

#[test]
fn moved_weights_agree_with_their_twin() {
    for length in [1, 1030, 70_003] {
        for step in 0..3 {
            let op = Displace { length, step };
            assert_sound_everywhere(&format!("{op:?}"), |setting| check(setting, op));
        }
    }
}
