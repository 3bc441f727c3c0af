//! Filters as wholes against their twin, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::filter::check;
use wgprune::ops::Filter;
use wgprune::reference::filter::{kept, norms, spread};

#[test]
fn norms_and_masks_of_odd_shapes_agree_with_their_twin() {
    for (filters, inputs, more) in [
        (1, 1, 0),
        (7, 25, 90),
        (32, 33, 0),
        (61, 1, 1),
        (300, 784, 2000),
    ] {
        let op = Filter { filters, inputs };
        // There are no more slots than weights.
        let more = more.min(filters * inputs);
        assert_sound_everywhere(&format!("{op:?}"), |setting| check(setting, op, more));
    }
}

#[test]
fn a_filter_counts_by_its_weights_and_goes_with_all_of_them() {
    // Three filters of two weights.
    let w = [1.0, -4.0, 0.5, -3.0, 2.0, 0.5];
    let values = norms(&w, 3, 2).into_iter().map(|norm| norm.value);
    assert!(values.eq([2.0, 3.0, 0.5]));
    assert_eq!(kept(&[0b11_0101], 3, 1), [0b101]);
    assert_eq!(spread(&[0b101], &[0b11_1111], 3), [0b10_1101]);
}
