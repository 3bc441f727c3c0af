//! The keys that weights are ranked by against their twin, on every adapter.

mod common;

use common::assert_sound_everywhere;
use wgprune::check::score::{check, params};
use wgprune::ops::{Criterion, Score, StepParams};
use wgprune::random::Stream;
use wgprune::reference::score::{magnitude_keys, random_keys, signed_keys};

#[test]
fn scores_agree_with_their_twin() {
    for criterion in [
        Criterion::Magnitude,
        Criterion::Movement,
        Criterion::InitialMagnitude,
        Criterion::Random,
        Criterion::Snip,
        Criterion::Grasp,
    ] {
        for length in [1, 1030, 70_003] {
            for stream in [Stream::Score, Stream::Regrow] {
                let op = Score {
                    length,
                    criterion,
                    stream,
                };
                if stream == Stream::Score || criterion == Criterion::Random {
                    assert_sound_everywhere(&format!("{op:?}"), |setting| check(setting, op));
                }
            }
        }
    }
}

#[test]
fn keys_have_the_order_of_magnitudes() {
    let rising = [0.0, 1e-45, -1e-40, 1e-20, -0.5, 0.75, -1.0, f32::MAX];
    assert!(magnitude_keys(&rising).is_sorted());
    assert_eq!(magnitude_keys(&[-0.0]), magnitude_keys(&[0.0]));
}

#[test]
fn keys_with_signs_have_the_order_of_numbers() {
    let rising = [
        -f32::MAX,
        -1.0,
        -0.5,
        -1e-40,
        0.0,
        1e-45,
        0.75,
        f32::MAX,
        f32::INFINITY,
    ];
    let keys = signed_keys(&rising);
    assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{keys:x?}");
    assert_eq!(signed_keys(&[-0.0]), signed_keys(&[0.0]));
}

#[test]
fn every_step_every_seed_and_every_purpose_draws_other_keys() {
    let here = params();
    let others = [
        StepParams {
            position: here.position + 128,
            ..here
        },
        StepParams {
            epoch: here.epoch + 1,
            ..here
        },
        StepParams {
            seed: [1, 0],
            ..here
        },
    ];
    let stream = Stream::Score;
    let keys = random_keys(1000, &here, stream);
    assert_eq!(keys, random_keys(1000, &here, stream));
    let others = others.map(|other| (other, stream));
    for (other, stream) in others.into_iter().chain([(here, Stream::Regrow)]) {
        let drawn = random_keys(1000, &other, stream);
        let same = drawn.iter().zip(&keys).filter(|(a, b)| a == b).count();
        assert!(same < 2, "{other:?}");
    }
}
