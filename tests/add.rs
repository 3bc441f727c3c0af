//! Sums of two values against their twin, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::add::check;
use wgprune::ops::Add;

#[test]
fn add_agrees_with_its_twin() {
    // Alone, in pairs and in fours.
    for length in [1, 131, 70_002, 4096] {
        let op = Add { length };
        assert_sound_everywhere(&format!("{op:?}"), |setting| check(setting, op));
    }
}
