//! Rectified linear units against their twin, on every adapter.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

mod common;

use common::{Bench, assert_same_bits, floats, settings};
use wgprune::ops::Relu;
use wgprune::reference::relu as twin;

#[test]
fn relu_agrees_with_its_twin() {
    for length in [1, 131, 70_003] {
        let mut x = floats(1, length);
        // Where the sign is the question.
        for (x, edge) in x.iter_mut().zip([0.0, 1e-30, -1e-30, f32::MAX, f32::MIN]) {
            *x = edge;
        }
        let dy = floats(2, length);
        let y = twin::forward(&x);
        let dx = twin::grad_input(&y, &dy);
        for setting in settings() {
            let mut bench = Bench::new(&setting);
            let [gx, gdy] = [("x", &x), ("dy", &dy)].map(|(name, v)| bench.input(name, v));
            let [gy, gdx] = ["y", "dx"].map(|name| bench.output(name, length));
            let op = Relu { length };
            op.forward(&mut bench.plan, &gx, &gy);
            op.grad_input(&mut bench.plan, [&gy, &gdy], &gdx);
            let machine = bench.run();
            assert_same_bits("y", &machine.read(&gy).unwrap(), &y);
            assert_same_bits("dx", &machine.read(&gdx).unwrap(), &dx);
        }
    }
}
