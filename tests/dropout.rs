//! Dropout against its twin, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::{dropout::check, step};
use wgprune::ops::{Dropout, StepParams};
use wgprune::reference::dropout::keeps;

fn dropout(length: u32, rate: f32, layer: u32) -> Dropout {
    Dropout {
        length,
        rate,
        layer,
    }
}

#[test]
fn dropout_agrees_with_its_twin() {
    for op in [
        dropout(1, 0.0, 0),
        dropout(1031, 0.5, 3),
        dropout(70_002, 0.3, 200),
        dropout(4096, 0.99, 1),
    ] {
        assert_sound_everywhere(&format!("{op:?}"), |setting| check(setting, op));
    }
}

/// Elements that two steps or layers keep alike, of so many.
fn alike(a: (&Dropout, StepParams), b: (&Dropout, StepParams)) -> u32 {
    let same = |&i: &u32| keeps(a.0, &a.1, i) == keeps(b.0, &b.1, i);
    (0..a.0.length).filter(same).count().try_into().unwrap_or(0)
}

#[test]
fn the_share_is_dropped_and_every_step_and_layer_drops_others() {
    let first = dropout(40_000, 0.3, 0);
    let kept = (0..first.length).filter(|&i| keeps(&first, &step(1), i));
    let share = f64::from(u32::try_from(kept.count()).unwrap_or(0)) / 40_000.0;
    // Five deviations of the mean of 40,000 draws are 0.0115.
    assert!((share - 0.7).abs() < 0.0115, "{share}");
    let later = StepParams {
        position: 128,
        ..step(1)
    };
    let next_epoch = StepParams {
        epoch: 1,
        ..step(1)
    };
    let second = dropout(40_000, 0.3, 1);
    for (op, params) in [(&first, later), (&first, next_epoch), (&second, step(1))] {
        let same = f64::from(alike((&first, step(1)), (op, params))) / 40_000.0;
        // Independent draws agree in 0.7² + 0.3² of all.
        assert!((same - 0.58).abs() < 0.0125, "{same}");
    }
    assert_eq!(alike((&first, step(1)), (&first, step(1))), 40_000);
}
