//! The loss of a regression and its gradient against their twin, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::floats;
use wgprune::check::squared_error::check;
use wgprune::ops::SquaredError;
use wgprune::reference::squared_error::squared_error;

#[test]
fn squared_error_agrees_with_its_twin() {
    for (n, count) in [(1, 1), (131, 131), (1024, 1024), (1024, 7)] {
        let op = SquaredError { n };
        assert_sound_everywhere(&format!("{op:?}, {count}"), |setting| {
            check(setting, op, count)
        });
    }
}

/// By differences: the loss is a square, so central ones are exact but for rounding.
#[test]
fn the_gradient_is_that_of_the_mean_loss() {
    let (count, step) = (5, 0.5);
    let [y, t] = [1, 2].map(|seed| floats(seed, 8));
    let mean = |y: &[f32]| {
        let [loss, _] = squared_error(y, &t, count);
        loss.iter().map(|row| row.value).sum::<f64>() / f64::from(count)
    };
    let [_, gradient] = squared_error(&y, &t, count);
    for (n, expected) in gradient.iter().enumerate() {
        let moved = |by: f32| {
            let mut y = y.clone();
            y[n] += by;
            mean(&y)
        };
        let difference = (moved(step) - moved(-step)) / (2.0 * f64::from(step));
        assert!((difference - expected.value).abs() < 1e-6, "{n}");
    }
}
