//! Scores between the points of a grid against their twin, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::interpolate::check;
use wgprune::ops::Interpolate;
use wgprune::reference::interpolate::interpolate;

#[test]
fn interpolation_agrees_with_its_twin() {
    for (length, nodes) in [(1, 2), (1030, 3), (70_003, 128)] {
        let op = Interpolate { length, nodes };
        assert_sound_everywhere(&format!("{op:?}"), |setting| check(setting, op));
    }
}

#[test]
fn what_is_bilinear_is_met_and_what_lies_outside_is_that_of_the_edge() {
    let axes: [&[f32]; 2] = [&[-1.0, 0.0, 4.0], &[-2.0, 2.0, 3.0]];
    let score = |x: f64, y: f64| 8.0 + x + 2.0 * y + x * y;
    #[allow(
        clippy::cast_possible_truncation,
        reason = "small whole numbers are exact"
    )]
    let at = |x: &f32| {
        axes[1]
            .iter()
            .map(|&y| score((*x).into(), y.into()) as f32)
            .collect()
    };
    let table: Vec<f32> = axes[0].iter().flat_map(|x| -> Vec<f32> { at(x) }).collect();
    for (x, y, inside) in [
        (-0.5, 1.0, (-0.5, 1.0)),
        (3.0, 2.5, (3.0, 2.5)),
        (0.0, 2.0, (0.0, 2.0)),
        (-7.0, 2.5, (-1.0, 2.5)),
        (9.0, 9.0, (4.0, 3.0)),
    ] {
        let own = interpolate([&[x], &[y]], axes, &table)[0].value;
        assert!((own - score(inside.0, inside.1)).abs() < 1e-12, "{x}, {y}");
    }
}
