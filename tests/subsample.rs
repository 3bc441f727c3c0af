//! Subsampling against its twin, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::subsample::check;
use wgprune::ops::Subsample;

#[test]
fn subsample_agrees_with_its_twin() {
    for ([n, h, w, c], k, stride) in [
        ([3, 7, 6, 5], 11, 2),
        ([2, 8, 8, 16], 32, 2),
        ([1, 5, 4, 3], 3, 1),
        ([2, 7, 9, 4], 5, 3),
    ] {
        let op = Subsample {
            n,
            h,
            w,
            c,
            k,
            stride,
        };
        assert_sound_everywhere(&format!("{op:?}"), |setting| check(setting, op));
    }
}
