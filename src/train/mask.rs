//! What changes the mask between two steps, and what is checked of it.

use super::settings::by_start;
use super::{Cost, Moment, Schedule, Session};
use crate::config::{Config, Control, Scope};
use crate::error::Result;
use crate::ops::Growth;

/// Whether the mask changes before `step`.
pub(super) fn changes(schedule: &Schedule, step: u32) -> bool {
    let begins = step == 0 && schedule.sparse_start.is_some();
    let ramp = schedule.ramp.and_then(|ramp| ramp.due(step));
    let regrowth = schedule.regrowth.and_then(|growth| growth.due(step));
    begins || ramp.is_some() || regrowth.is_some() || begins_round(schedule, step).is_some()
}

/// Whether the gradients of `step` decide what grows.
pub(super) fn grows_by_gradients(config: &Config, schedule: &Schedule, step: u32) -> bool {
    let due = schedule.regrowth.and_then(|growth| growth.due(step + 1));
    config.prune.regrow == Growth::Gradient && due.is_some()
}

/// The sparsity of the round that begins with `step`, if one does that weights are removed for.
fn begins_round(schedule: &Schedule, step: u32) -> Option<f64> {
    let rounds = schedule.rounds?;
    let Moment { round, step, first } = rounds.moment(step);
    (round > 0 && step == first).then(|| rounds.sparsity(round))
}

/// Whether the training that begins with `step` is the last one, or the only one.
fn is_last(schedule: &Schedule, step: u32) -> bool {
    let rounds = schedule.rounds;
    rounds.is_none_or(|rounds| rounds.moment(step).round == rounds.count)
}

/// Notes the weights that rounds go back to or that others have moved from, if `step` is where they are there.
pub(super) fn remember(
    session: &mut Session,
    config: &Config,
    schedule: &Schedule,
    step: u32,
) -> Result<()> {
    let at = match schedule.rounds {
        Some(rounds) => (rounds.count > 0).then_some(rounds.rewind),
        None => by_start(config).then_some(0),
    };
    if at == Some(step) {
        session.remember()?;
    }
    Ok(())
}

/// The sparsities on the way from one to another, in so many parts, each of which leaves the same share of what there is (Tanaka
/// et al. 2020, Pruning neural networks without any data, algorithm 1).
fn sparsities(from: f64, to: f64, parts: u32) -> impl Iterator<Item = f64> {
    let stays = (1.0 - to) / (1.0 - from);
    let at = move |part: u32| 1.0 - (1.0 - from) * stays.powf(f64::from(part) / f64::from(parts));
    (1..parts).map(at).chain([to])
}

/// Brings the mask to what the schedule wants of it before `step`, and gives the kept weights of each prunable tensor. What weights
/// are ranked by goes to `cost`.
///
/// # Errors
/// A mask that is not what was asked for, a layer that lost all of its weights where it must not, or a device that fails.
pub(super) fn change(
    session: &mut Session,
    config: &Config,
    schedule: &Schedule,
    step: u32,
    cost: &mut Option<Cost>,
) -> Result<Vec<u32>> {
    let prune = &config.prune;
    let mut kept = session.kept()?;
    if let (0, Some((scope, sparsity))) = (step, schedule.sparse_start) {
        let wanted = session.wanted(scope, sparsity);
        session.sparsify(&wanted)?;
        kept = checked(session, &wanted)?;
    }
    let ramp = schedule.ramp.and_then(|ramp| ramp.due(step));
    let round = begins_round(schedule, step);
    if let Some(sparsity) = ramp.or(round) {
        let before = match prune.control {
            // Or weights are remembered.
            Control::Shuffle if round.is_none() => Some(session.snapshot()?),
            _ => None,
        };
        let mut wanted = Vec::new();
        let from = session.sparsity_of_units(&kept);
        for part in sparsities(from, sparsity, prune.iterations) {
            wanted = session.wanted(prune.scope, part);
            let passes = session.prune(schedule.moment(step).step, &wanted)?;
            if passes.forwards > 0 {
                if let Some(cost) = cost {
                    cost.add_passes(session.macs(&kept), passes);
                }
                // What the next part goes through.
                kept = shrunk(session)?;
            }
        }
        kept = shrunk(session)?;
        session.watch().check_kept(&kept, &wanted)?;
        if round.is_some() {
            session.rewind()?;
        }
        if is_last(schedule, step) {
            match prune.control {
                Control::Shuffle => session.shuffle_mask(before.as_ref())?,
                Control::Reinit => session.reinitialise(config)?,
                Control::None | Control::Invert | Control::Corrupt => {}
            }
        }
    }
    if let Some(share) = schedule.regrowth.and_then(|growth| growth.due(step)) {
        session.regrow(step, share, &kept)?;
        kept = checked(session, &kept)?;
    }
    let per_layer = prune.scope != Scope::Global;
    session
        .watch()
        .check_collapse(prune.collapse, &kept, step, per_layer)?;
    Ok(kept)
}

/// The kept weights of each prunable tensor, which are those that are wanted.
fn checked(session: &Session, wanted: &[u32]) -> Result<Vec<u32>> {
    let kept = session.kept()?;
    session.watch().check_kept(&kept, wanted)?;
    Ok(kept)
}

/// The kept weights of each prunable tensor, none of which was removed before.
fn shrunk(session: &Session) -> Result<Vec<u32>> {
    let (kept, new) = session.kept_and_new()?;
    session.watch().check_returned(&new)?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_leaves_the_same_share() {
        let parts: Vec<f64> = sparsities(0.0, 0.98, 100).collect();
        for (part, density) in [(1, 0.961_635), (50, 0.141_421)] {
            assert!((1.0 - parts[part - 1] - density).abs() < 1e-6, "{part}");
        }
        #[allow(clippy::float_cmp, reason = "the target must be met exactly")]
        {
            assert_eq!((parts.len(), parts[99]), (100, 0.98));
        }
        assert!(sparsities(0.5, 0.5, 1).eq([0.5]));
    }
}
