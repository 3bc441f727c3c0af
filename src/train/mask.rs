//! What changes the mask between two steps, and what is checked of it.

use super::watch::{check_collapse, check_kept};
use super::{Schedule, Session};
use crate::config::Config;
use crate::error::Result;

/// Whether the mask changes before `step`.
pub(super) fn changes(schedule: &Schedule, step: u32) -> bool {
    let begins = step == 0 && schedule.sparse_start.is_some();
    let ramp = schedule.ramp.and_then(|ramp| ramp.due(step));
    let regrowth = schedule.regrowth.and_then(|growth| growth.due(step));
    begins || ramp.is_some() || regrowth.is_some()
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
        let wanted = session.wanted(prune.scope, sparsity);
        session.prune(step, &wanted)?;
        check_kept(&session.kept()?, &wanted, session)?;
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
