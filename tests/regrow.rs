//! Masks that move against their twin, on every adapter: as many weights as before, and no padding among them.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

mod common;

use common::{assert_sound, assert_sound_everywhere, settings};
use wgprune::check::regrow::{check, half};
use wgprune::ops::CHUNK;
use wgprune::reference::regrow::regrow;

fn ones(mask: &[u32]) -> u32 {
    mask.iter().map(|word| word.count_ones()).sum()
}

#[test]
fn masks_move_as_their_twin_does() {
    // A tensor that ends within a word, at one, and at a chunk; and all numbers from none to all of both.
    for length in [CHUNK - 5, 2 * CHUNK + 64, 3 * CHUNK] {
        let mask = half(length);
        let active = ones(&mask);
        for counts in [
            [active, 0],
            [0, active],
            [active / 3, active - active / 3],
            [0, length],
            [active, length],
        ] {
            for few in [9, u32::MAX] {
                let what = format!("{counts:?} of {length}, {few} keys");
                assert_sound(&what, &settings(), |setting| {
                    check(setting, length, &mask, counts, few)
                });
            }
        }
    }
}

#[test]
fn full_and_empty_masks_move_too() {
    let length = CHUNK + 33;
    let full = regrow(
        length as usize,
        [0, length],
        [&[1; 2048], &[1; 2048]],
        &[0; 64],
    );
    assert_eq!(ones(&full), length);
    for mask in [full, vec![0; 64]] {
        assert_sound_everywhere("full or empty", |setting| {
            check(setting, length, &mask, [700, 300], 5)
        });
    }
}

#[test]
fn what_was_just_dropped_may_come_back_and_ties_go_to_the_first() {
    // Of three active weights the second is dropped first, and has the largest key to grow by.
    let mut keys = [vec![0; 32], vec![0; 32]];
    keys[0][..3].copy_from_slice(&[5, 1, 7]);
    keys[1][1] = 9;
    let moved = |counts| regrow(6, counts, [&keys[0], &keys[1]], &[0b111]);
    assert_eq!(moved([2, 1]), [0b111]);
    assert_eq!(moved([1, 3]), [0b1111]);
    assert_eq!(moved([0, 2]), [0b11]);
}
