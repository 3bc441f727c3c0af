//! Iterative pruning with rewinding, in which is noted how long each weight survives.

use super::Samples;
use crate::config::{Config, PruneConfig, Scope};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::net::Net;
use crate::ops::Criterion;
use crate::train::{
    Checkpoint, Curve, EpochSummary, Observer, Position, Schedule, Score, Session, Snapshot, train,
    train_images,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How the weights become less from round to round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decrease {
    /// Each round removes as many.
    Number,
    /// Each round leaves the same share of what there is. (The authors' code has a slip here and would remove nearly all at
    /// once.)
    Share,
}

/// What a survey does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Survey {
    /// How often weights are removed.
    pub rounds: u32,
    /// Share of them that is left at the end.
    pub density: f64,
    /// How it gets there.
    pub decrease: Decrease,
}

/// One round of a survey.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurveyRound {
    /// From 1.
    pub round: u32,
    /// Weights that it left.
    pub kept: u32,
    /// What they reach on the test set; the last round needs no training.
    pub test: Option<Score>,
}

impl Survey {
    /// Share of the weights that is left after so many rounds.
    pub fn density_after(&self, rounds: u32) -> f64 {
        let part = f64::from(rounds) / f64::from(self.rounds);
        match self.decrease {
            Decrease::Number => 1.0 - (1.0 - self.density) * part,
            Decrease::Share => self.density.powf(part),
        }
    }

    /// Refuses what cannot be surveyed.
    fn check(&self) -> Result<()> {
        let Self {
            rounds, density, ..
        } = self;
        if (1..=10_000).contains(rounds) && *density > 0.0 && *density < 1.0 {
            return Ok(());
        }
        Err(Error::config(
            format!("{rounds} rounds to a density of {density} are no survey"),
            "give --rounds from 1 to 10000, and a --density above 0 and below 1; the authors take 20 and 0.01",
        ))
    }
}

/// Prunes the network by magnitude in rounds, and gives a sample for each prunable weight. In each round, from the first one
/// on, which finds the initial weights, those that are left go back to their initial values and are trained for the length
/// of the configuration, the optimiser at rest and learning rate and order of images from the start; biases and batch norms
/// go on from where they are.
///
/// # Errors
/// As [`Session::open`] and [`train`] have them, or a survey that removes nothing or all.
pub fn survey(
    gpu: &Arc<Gpu>,
    net: &Net,
    dataset: &Dataset,
    config: &Config,
    survey: &Survey,
    tell: &mut dyn FnMut(&SurveyRound),
) -> Result<Samples> {
    survey.check()?;
    let (first, gradients) = before_training(gpu, net, dataset, config)?;
    let config = pruning_by(Criterion::Magnitude, config);
    let schedule = Schedule::new(&config, train_images(&config, dataset)?)?;
    let mut session = Session::open(gpu, net, dataset, &config)?;
    session.restore(&first)?;
    let mut survived: Vec<Vec<u32>> = prunable(&first)
        .map(|(weights, _)| vec![0; weights.len()])
        .collect();
    for round in 1..=survey.rounds {
        let wanted = session.wanted(Scope::Global, 1.0 - survey.density_after(round));
        session.prune(0, &wanted)?;
        let snapshot = rewound(session.snapshot()?, &first);
        for (rounds, (_, mask)) in survived.iter_mut().zip(prunable(&snapshot)) {
            for (rounds, &kept) in rounds.iter_mut().zip(mask) {
                *rounds += u32::from(kept);
            }
        }
        let mut told = SurveyRound {
            round,
            kept: wanted.iter().sum(),
            test: None,
        };
        if round < survey.rounds {
            let from = Checkpoint {
                position: Position::default(),
                snapshot,
            };
            let mut last = Last(None);
            train(
                &mut session,
                &config,
                &schedule,
                Some(from),
                &|_| false,
                &mut last,
            )?;
            told.test = last.0;
        }
        tell(&told);
    }
    Ok(samples(&first, &gradients, &survived))
}

/// The initial weights, and the sums of their gradients.
fn before_training(
    gpu: &Arc<Gpu>,
    net: &Net,
    dataset: &Dataset,
    config: &Config,
) -> Result<(Snapshot, Vec<Vec<f32>>)> {
    let config = pruning_by(Criterion::Learned, config);
    let mut session = Session::open(gpu, net, dataset, &config)?;
    session.initialise(&config)?;
    // Which images are together in a batch, and so a little of the sums, is as in a run of this seed.
    session.shuffle(0);
    Ok((session.snapshot()?, session.gradient_sums()?))
}

/// The configuration of a training that removes nothing by itself.
fn pruning_by(criterion: Criterion, config: &Config) -> Config {
    let prune = PruneConfig {
        schedule: Curve::None,
        criterion,
        collapse: config.prune.collapse,
        ..PruneConfig::default()
    };
    Config {
        prune,
        ..config.clone()
    }
}

/// Weights and mask of each prunable parameter.
fn prunable(snapshot: &Snapshot) -> impl Iterator<Item = (&[f32], &[u8])> {
    let states = snapshot.iter();
    let prunable = states.filter(|state| state.parameter.is_prunable());
    prunable.map(|state| (&state.weights[..], &state.mask[..]))
}

/// What is left of the weights, with its first values, and an optimiser at rest.
fn rewound(mut now: Snapshot, first: &Snapshot) -> Snapshot {
    for (state, first) in now.iter_mut().zip(first) {
        for moment in &mut state.state {
            moment.fill(0.0);
        }
        if state.parameter.is_prunable() {
            let back = first.weights.iter().zip(&state.mask);
            state.weights = back
                .map(|(&w, &kept)| if kept == 1 { w } else { 0.0 })
                .collect();
        }
    }
    now
}

fn samples(first: &Snapshot, gradients: &[Vec<f32>], survived: &[Vec<u32>]) -> Samples {
    let most = survived.iter().flatten().copied().max().unwrap_or(0).max(1);
    let mut samples = Samples::default();
    for (((weights, _), gradients), rounds) in prunable(first).zip(gradients).zip(survived) {
        let rows = weights.iter().zip(gradients);
        samples.inputs.extend(rows.map(|(&w, &g)| [w, g]));
        #[allow(
            clippy::cast_possible_truncation,
            reason = "rounding to f32 is what is wanted"
        )]
        let share = |&rounds: &u32| (f64::from(rounds) / f64::from(most)) as f32;
        samples.targets.extend(rounds.iter().map(share));
    }
    samples
}

/// What the last epoch of a training reached.
struct Last(Option<Score>);

impl Observer for Last {
    fn epoch(&mut self, summary: &EpochSummary) -> Result<()> {
        self.0 = Some(summary.test);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_fractions_come_out() {
        let fraction = |decrease, round| {
            let survey = Survey {
                rounds: 20,
                density: 0.01,
                decrease,
            };
            survey.density_after(round + 1) / survey.density_after(round)
        };
        for (decrease, round, expected) in [
            (Decrease::Number, 0, 0.9505),
            (Decrease::Number, 19, 0.168_067),
            (Decrease::Share, 0, 0.794_328),
            (Decrease::Share, 19, 0.794_328),
        ] {
            let own = fraction(decrease, round);
            assert!((own - expected).abs() < 1e-6, "{decrease:?} {round}: {own}");
        }
        for decrease in [Decrease::Number, Decrease::Share] {
            let all: f64 = (0..20).map(|round| fraction(decrease, round)).product();
            assert!((all - 0.01).abs() < 1e-12, "{decrease:?}: {all}");
        }
        // 1 - (1 - rho) / (R - (1 - rho) i), as it is published.
        for round in 0..20 {
            let published = 1.0 - 0.99 / (20.0 - 0.99 * f64::from(round));
            assert!((fraction(Decrease::Number, round) - published).abs() < 1e-12);
        }
    }
}
