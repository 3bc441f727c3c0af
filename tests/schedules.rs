//! Learning rate and momentum of every schedule against PyTorch's schedulers: tables that assets/golden/schedules.py
//! wrote, each with the configuration that means the same.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a failed test should panic, and its numbers are small"
)]

use serde::Deserialize;
use std::collections::BTreeMap;
use toml::{Table, Value};
use wgprune::config::Config;
use wgprune::error::Result;
use wgprune::train::{Length, Schedule};

/// Steps of an epoch in the script.
const EPOCH: u32 = 5;

/// PyTorch gets from one rate to the next by a ratio, and so gathers roundings of f64.
const CLOSE: f64 = 1e-10;

#[derive(Deserialize)]
struct Golden {
    config: Table,
    rates: Vec<f64>,
    momentums: Vec<f64>,
}

fn schedule(edits: &[(String, Value)]) -> Result<(Config, Schedule)> {
    let config = Config::resolve(None, edits)?;
    let schedule = Schedule::new(&config, EPOCH * config.train.batch)?;
    Ok((config, schedule))
}

fn edit(key: &str, value: impl Into<Value>) -> (String, Value) {
    (key.to_owned(), value.into())
}

#[test]
fn every_schedule_follows_pytorch() {
    let text = include_str!("../assets/golden/schedules.json");
    let cases: BTreeMap<String, Golden> = serde_json::from_str(text).unwrap();
    assert_eq!(cases.len(), 7);
    for (case, golden) in cases {
        let edits: Vec<_> = golden.config.into_iter().collect();
        let (config, schedule) = schedule(&edits).unwrap();
        assert_eq!(schedule.steps as usize, golden.rates.len(), "{case}");
        let wanted = golden.rates.iter().zip(&golden.momentums);
        for (step, (rate, momentum)) in (0..).zip(wanted) {
            let at = schedule.learning_rate.at(step);
            assert!(
                (at - rate).abs() <= CLOSE * rate,
                "{case}: the rate of step {step} is {at}, not {rate}"
            );
            let moved = schedule.learning_rate.momentum_at(step);
            let optimiser = config.optimiser.with_momentum(moved);
            assert_eq!(optimiser.momentum, optimiser.beta1);
            // The program has it in f32.
            let difference = (f64::from(optimiser.momentum) - momentum).abs();
            assert!(difference < 1e-7, "{case}: {moved:?}, not {momentum}");
        }
    }
}

#[test]
fn a_cosine_without_length_is_refused() {
    let error = schedule(&[edit("learning_rate.half_period", "0ep")]).unwrap_err();
    assert!(
        error.what.contains("learning_rate.half_period is 0ep"),
        "{error}"
    );
}

#[test]
fn a_cycle_of_any_length_stays_between_its_ends() {
    for (steps, start) in [
        (1, 0.0),
        (1, 0.99),
        (2, 0.5),
        (3, 0.3),
        (4, 0.25),
        (10, 0.1),
    ] {
        let length = Length::Steps(steps).to_string();
        let (_, schedule) = schedule(&[
            edit("train.length", length),
            edit("learning_rate.schedule", "one-cycle"),
            edit("learning_rate.initial", 1.0),
            edit("learning_rate.one_cycle.pct_start", start),
        ])
        .unwrap();
        for step in 0..steps {
            let rate = schedule.learning_rate.at(step);
            assert!(
                (3.9e-6..1.000_001).contains(&rate),
                "{steps}, {start}: {rate}"
            );
            let momentum = schedule.learning_rate.momentum_at(step).unwrap();
            assert!((0.85..=0.95).contains(&momentum), "{momentum}");
        }
        let last = schedule.learning_rate.at(steps - 1);
        assert!((last - 4e-6).abs() < 1e-12, "{steps}, {start}: {last}");
    }
}

#[test]
fn a_cycle_that_is_none_is_refused_by_the_name_of_its_key() {
    let wrong: [(&str, f64); 6] = [
        ("one_cycle.pct_start", 1.0),
        ("one_cycle.div_factor", 0.5),
        ("one_cycle.final_div_factor", 0.0),
        ("one_cycle.base_momentum", 0.96),
        ("one_cycle.max_momentum", 1.0),
        ("minimum", 0.06),
    ];
    for (key, value) in wrong {
        let key = format!("learning_rate.{key}");
        let error = Config::resolve(None, &[edit(&key, value)]).unwrap_err();
        assert!(error.what.starts_with(&key), "{error}");
    }
    let error = Config::resolve(None, &[edit("optimiser.clip_norm", -1.0)]).unwrap_err();
    assert!(error.what.starts_with("optimiser.clip_norm"), "{error}");
}

#[test]
fn how_long_the_last_mask_is_trained_is_known() {
    let left = |method: &str, more: &[(String, Value)]| {
        let edits = [
            &[edit("prune.method", method), edit("train.length", "8ep")],
            more,
        ]
        .concat();
        schedule(&edits).unwrap().1.steps_at_target()
    };
    // Of 40 steps, with an update every 2.
    assert_eq!(left("dense", &[]), None);
    assert_eq!(left("snip", &[]), None);
    assert_eq!(left("progressive", &[edit("prune.sparsity", 0.0)]), None);
    assert_eq!(left("granet", &[]), Some(40 - 18));
    assert_eq!(left("progressive", &[]), Some(40 - 28));
    assert_eq!(left("one-cycle", &[]), Some(40 - 38));
    assert_eq!(left("lth", &[edit("prune.round_budget", "each")]), Some(40));
    let late = [
        edit("prune.rewind", "30it"),
        edit("prune.round_budget", "each"),
    ];
    assert_eq!(left("lth", &late), Some(10));
}
