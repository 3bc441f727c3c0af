//! Max pools against their twin, on every adapter.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

mod common;

use common::{Bench, assert_same_bits, assert_sums_close, floats, integers, settings};
use wgprune::ops::MaxPool;
use wgprune::reference::{magnitudes, max_pool as twin};

/// `[n, h, w, c]` of the input, then `[kernel, stride, pad]`.
fn shape([n, h, w, c]: [u32; 4], [kernel, stride, pad]: [u32; 3]) -> MaxPool {
    MaxPool {
        n,
        h,
        w,
        c,
        kernel,
        stride,
        pad,
    }
}

fn assert_agrees(s: MaxPool, x: &[f32]) {
    let dy = floats(2, s.y_len());
    let (y, winner) = twin::forward(&s, x);
    let dx = twin::grad_input(&s, &dy, &winner);
    let dx_terms = twin::grad_input(&s, &magnitudes(&dy), &winner);
    for setting in settings() {
        let mut bench = Bench::new(&setting);
        let [gx, gdy] = [bench.input("x", x), bench.input("dy", &dy)];
        let [gy, gwinner] = ["y", "winner"].map(|name| bench.output(name, s.y_len()));
        let gdx = bench.output("dx", s.x_len());
        s.forward(&mut bench.plan, &gx, &gy, &gwinner);
        s.grad_input(&mut bench.plan, [&gdy, &gwinner], &gdx);
        let machine = bench.run();
        assert_same_bits("y", &machine.read(&gy).unwrap(), &y);
        assert_eq!(machine.read::<u32>(&gwinner).unwrap(), winner);
        assert_sums_close("dx", &machine.read::<f32>(&gdx).unwrap(), &dx, &dx_terms);
    }
}

#[test]
fn max_pool_agrees_with_its_twin() {
    for s in [
        shape([3, 7, 5, 3], [2, 2, 0]),
        shape([2, 9, 8, 5], [3, 2, 1]),
        shape([1, 6, 11, 2], [3, 1, 1]),
        shape([2, 24, 24, 20], [2, 2, 0]),
    ] {
        assert_agrees(s, &floats(1, s.x_len()));
    }
}

#[test]
fn the_first_of_equal_maxima_wins() {
    // Alone, and as vectors of two and four channels.
    for c in [5, 2, 4] {
        let s = shape([2, 9, 8, c], [3, 2, 1]);
        let few = integers(3, s.x_len(), 0..3);
        let x: Vec<f32> = few.iter().map(|&i| [-2.0, -1.0, 0.0][i as usize]).collect();
        assert_agrees(s, &x);
    }
}

#[test]
fn padding_is_below_every_number() {
    let s = shape([2, 9, 8, 5], [3, 2, 1]);
    assert_agrees(s, &vec![f32::MIN; s.x_len() as usize]);
}
