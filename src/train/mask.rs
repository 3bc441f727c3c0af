//! What changes the mask between two steps, and what is checked of it.

use super::watch::{check_collapse, check_kept};
use super::{Moment, Schedule, Session};
use crate::config::Config;
use crate::error::Result;

/// Whether the mask changes before `step`.
pub(super) fn changes(schedule: &Schedule, step: u32) -> bool {
    let begins = step == 0 && schedule.sparse_start.is_some();
    let ramp = schedule.ramp.and_then(|ramp| ramp.due(step));
    let regrowth = schedule.regrowth.and_then(|growth| growth.due(step));
    begins || ramp.is_some() || regrowth.is_some() || begins_round(schedule, step).is_some()
}

/// The sparsity of the round that begins with `step`, if one does that weights are removed for.
fn begins_round(schedule: &Schedule, step: u32) -> Option<f64> {
    let rounds = schedule.rounds?;
    let Moment { round, step, first } = rounds.moment(step);
    (round > 0 && step == first).then(|| rounds.sparsity(round))
}

/// Notes the weights that rounds go back to, if `step` is where they are there.
pub(super) fn remember(session: &mut Session, schedule: &Schedule, step: u32) -> Result<()> {
    match schedule.rounds {
        Some(rounds) if rounds.rewind == step && rounds.count > 0 => session.remember(),
        _ => Ok(()),
    }
}

/// The sparsities on the way to `sparsity`, in so many parts, each of which leaves the same share of what there is (Tanaka et
/// al. 2020, Pruning neural networks without any data, algorithm 1).
fn parts(session: &Session, count: u32, sparsity: f64) -> Result<Vec<f64>> {
    if count == 1 {
        return Ok(vec![sparsity]);
    }
    let from = 1.0 - session.sparsity(&session.kept()?);
    let stays = (1.0 - sparsity) / from;
    let at = |part: u32| 1.0 - from * stays.powf(f64::from(part) / f64::from(count));
    Ok((1..count).map(at).chain([sparsity]).collect())
}

/// Brings the mask to what the schedule wants of it before `step`, and gives the kept weights of each prunable tensor.
///
/// # Errors
/// A mask that is not what was asked for, a layer that lost all of its weights where it must not, or a device that fails.
pub(super) fn change(
    session: &mut Session,
    config: &Config,
    schedule: &Schedule,
    step: u32,
) -> Result<Vec<u32>> {
    let prune = &config.prune;
    if let (0, Some((scope, sparsity))) = (step, schedule.sparse_start) {
        let wanted = session.wanted(scope, sparsity);
        session.sparsify(&wanted)?;
        check_kept(&session.kept()?, &wanted, session)?;
    }
    if let Some(sparsity) = schedule.ramp.and_then(|ramp| ramp.due(step)) {
        let parts = parts(session, prune.iterations, sparsity)?;
        let (&last, before) = parts.split_last().expect("one part at least");
        for &part in before {
            session.prune(step, &session.wanted(prune.scope, part))?;
        }
        let wanted = session.wanted(prune.scope, last);
        session.prune(step, &wanted)?;
        check_kept(&session.kept()?, &wanted, session)?;
    }
    if let Some(sparsity) = begins_round(schedule, step) {
        let wanted = session.wanted(prune.scope, sparsity);
        session.prune(schedule.moment(step).step, &wanted)?;
        check_kept(&session.kept()?, &wanted, session)?;
        session.rewind()?;
    }
    let mut kept = session.kept()?;
    if let Some(share) = schedule.regrowth.and_then(|growth| growth.due(step)) {
        session.regrow(step, share, &kept)?;
        let wanted = std::mem::replace(&mut kept, session.kept()?);
        check_kept(&kept, &wanted, session)?;
    }
    check_collapse(prune.collapse, &kept, session, step)?;
    Ok(kept)
}
