//! What is watched while a run goes on: values that are not finite, and masks that are not what was asked for.

use super::Session;
use crate::config::Collapse;
use crate::error::{Error, ErrorKind, Result};
use crate::ops::{Fault, Record};

/// Refuses the records of steps, the first of which was `first`, if one of them has a fault.
pub(super) fn check_finite(first: u32, records: &[Record], session: &Session) -> Result<()> {
    for (step, record) in (first..).zip(records) {
        if let Some(fault) = record.fault() {
            let place = match fault {
                Fault::Loss => "the loss".to_owned(),
                Fault::Gradient(position) => {
                    format!("the gradient of {}", session.parameter_at(position))
                }
                Fault::Update(position) => {
                    format!("the update of {}", session.parameter_at(position))
                }
            };
            return Err(Error::new(
                ErrorKind::Diverged,
                format!("{place} is not finite at step {step}"),
                "lower --lr, or start with a warm-up: --set learning_rate.warm_up=\"1ep\"",
            ));
        }
    }
    Ok(())
}

/// Compares what a mask update kept with what was asked for.
pub(super) fn check_kept(kept: &[u32], wanted: &[u32], session: &Session) -> Result<()> {
    let fault = |what: String| Err(Error::kernel("the mask update", what));
    if wanted.len() == kept.len() {
        for ((kept, wanted), name) in kept.iter().zip(wanted).zip(session.prunable_names()) {
            if kept != wanted {
                return fault(format!(
                    "{name} keeps {kept} weights, {wanted} were asked for"
                ));
            }
        }
    }
    let (kept, wanted) = (kept.iter().sum::<u32>(), wanted.iter().sum::<u32>());
    if kept != wanted {
        return fault(format!(
            "the network keeps {kept} weights, {wanted} were asked for"
        ));
    }
    Ok(())
}

/// Looks for tensors that lost all of their weights, which cuts the network, or all but the one that was kept for that.
///
/// # Errors
/// There is one without weights, and that is an error.
pub(super) fn check_collapse(
    policy: Collapse,
    kept: &[u32],
    session: &Session,
    step: u32,
) -> Result<()> {
    let layers = kept
        .iter()
        .zip(session.prunable())
        .zip(session.prunable_names());
    for ((&kept, &all), name) in layers {
        let help = "lower the sparsity, or rank each layer by itself: --set prune.scope=layer";
        match (kept, policy) {
            (0, Collapse::Error) => {
                return Err(Error::new(
                    ErrorKind::Other,
                    format!("layer collapse: {name} has no weight left at step {step}"),
                    format!("{help}, or let it keep one: --set prune.collapse=keep-one"),
                ));
            }
            (0, _) => {
                log::warn!("layer collapse: {name} has no weight left at step {step}; {help}");
            }
            (1, Collapse::KeepOne) if all > 1 => {
                log::warn!(
                    "{name} is down to its last weight at step {step}, which prune.collapse keeps; {help}"
                );
            }
            _ => {}
        }
    }
    Ok(())
}
