//! Patterns of N of M against their twin, on every adapter, and what an exact selection makes of their keys.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

mod common;

use common::assert_sound_everywhere;
use wgprune::check::integers;
use wgprune::check::pattern::{check, check_with};
use wgprune::ops::{CHUNK, Pattern};
use wgprune::reference::pattern::pattern;
use wgprune::reference::prune::{is_kept, prune};

/// So many outputs, channels and positions.
fn op([outputs, channels, positions]: [u32; 3], kept: u32, size: u32) -> Pattern {
    Pattern {
        outputs,
        channels,
        positions,
        kept,
        size,
    }
}

#[test]
fn keys_of_odd_shapes_agree_with_their_twin() {
    for op in [
        op([1, 4, 1], 2, 4),
        op([7, 5, 9], 1, 3),
        // Stretches that begin in one channel and end in the next.
        op([3, 10, 7], 4, 5),
        op([61, 1, 16], 3, 16),
        op([300, 784, 1], 2, 4),
        // All inputs of an output are one stretch.
        op([5, 13, 1], 12, 13),
    ] {
        assert_sound_everywhere(&format!("{op:?}"), |setting| check(setting, op));
    }
}

#[test]
fn the_first_of_equal_keys_stays_and_what_is_removed_comes_last() {
    let op = op([1, 4, 2], 2, 4);
    // Inputs by channel, then position: weights 0, 4, 1, 5 and 2, 6, 3, 7.
    let keys = vec![9; 32];
    let ranked = |mask: u32| pattern(&op, &keys, &[mask]);
    let stay = |mask| (0..8).filter(move |&i| ranked(mask)[i] > 9);
    assert_eq!(stay(0xff).collect::<Vec<_>>(), [0, 2, 4, 6]);
    assert_eq!(stay(0b1100_1110).collect::<Vec<_>>(), [1, 2, 6]);
    for mask in [0xff, 0b1100_1110, 0] {
        assert_sound_everywhere("equal keys", |setting| {
            check_with(setting, op, &keys, &[mask])
        });
    }
}

/// Step by step, as a schedule does it: whatever the number, it is met exactly, and no stretch ever keeps fewer than the
/// pattern; at the pattern's number each keeps exactly as many.
#[test]
fn selections_by_these_keys_come_to_the_pattern() {
    let op = op([24, 20, 6], 2, 5);
    let (all, stay) = (24 * 120, 24 * 48);
    let length = 3 * CHUNK;
    let mut mask = vec![0; length as usize / 32];
    for word in &mut mask[..all / 32] {
        *word = u32::MAX;
    }
    for keep in [all - 1, 2000, 1500, stay + 1, stay] {
        // Other keys at each update, as weights change between them; most of them are tied.
        let keys = integers(u64::try_from(keep).unwrap(), length, 0..40);
        let before = mask.clone();
        mask = prune(
            u32::try_from(keep).unwrap(),
            &pattern(&op, &keys, &mask),
            &mask,
        );
        let kept: usize = mask.iter().map(|word| word.count_ones() as usize).sum();
        assert_eq!(kept, keep);
        assert!(mask.iter().zip(&before).all(|(now, was)| now & !was == 0));
        for output in 0..24 {
            for stretch in 0..24 {
                let inputs = stretch * 5..(stretch + 1) * 5;
                let places = inputs.map(|input| (input % 6 * 20 + input / 6) * 24 + output);
                let kept = places.filter(|&i| is_kept(&mask, i)).count();
                assert!(kept >= 2 && (keep > stay || kept == 2), "{keep}: {kept}");
            }
        }
    }
}
