//! Average pools against their twin, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::avg_pool::check;
use wgprune::ops::AvgPool;

#[test]
fn avg_pool_agrees_with_its_twin() {
    for ([n, h, w, c], window, stride) in [
        // Windows that overlap, that leave gaps and edges out, and one for the whole image.
        ([3, 7, 5, 3], [3, 2], 1),
        ([2, 9, 8, 6], [2, 2], 3),
        ([2, 8, 8, 4], [2, 2], 2),
        ([5, 4, 4, 512], [4, 4], 1),
        ([2, 7, 3, 10], [7, 3], 1),
    ] {
        let op = AvgPool {
            n,
            h,
            w,
            c,
            window,
            stride,
        };
        assert_sound_everywhere(&format!("{op:?}"), |setting| check(setting, op));
    }
}
