//! What is watched while a run goes on: values that are not finite, and masks that are not what was asked for.

use super::Session;
use crate::config::Collapse;
use crate::error::{Error, ErrorKind, Result};
use crate::net::Structure;
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

/// Compares what a mask update kept, in weights, with what was asked for, in what is removed together.
pub(super) fn check_kept(weights: &[u32], wanted: &[u32], session: &Session) -> Result<()> {
    let fault = |what: String| Err(Error::kernel("the mask update", what));
    let kept: Vec<u32> = session.units(weights).collect();
    let all: Vec<u32> = session.units(session.prunable()).collect();
    let (structure, of) = (session.structure(), session.prunable().iter().zip(&all));
    let what = match structure {
        Structure::Filter => "filters",
        Structure::None | Structure::Pattern { .. } => "weights",
    };
    let layers = weights.iter().zip(&kept).zip(of);
    for (((&weights, kept), (&len, all)), name) in layers.zip(session.prunable_names()) {
        if kept * (len / all) != weights {
            return fault(format!(
                "{name} keeps {weights} weights, a part of a filter"
            ));
        }
        if let Structure::Pattern { kept, size } = structure
            && weights < len / size * kept
        {
            return fault(format!(
                "{name} keeps {weights} weights, fewer than {structure} of them"
            ));
        }
    }
    if wanted.len() == kept.len() {
        for ((kept, wanted), name) in kept.iter().zip(wanted).zip(session.prunable_names()) {
            if kept != wanted {
                return fault(format!(
                    "{name} keeps {kept} {what}, {wanted} were asked for"
                ));
            }
        }
    }
    let (kept, wanted) = (kept.iter().sum::<u32>(), wanted.iter().sum::<u32>());
    if kept != wanted {
        return fault(format!(
            "the network keeps {kept} {what}, {wanted} were asked for"
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
    let what = match session.structure() {
        Structure::Filter => "filter",
        Structure::None | Structure::Pattern { .. } => "weight",
    };
    let kept_in_all: u64 = session.units(kept).map(u64::from).sum();
    let layers = kept.len() as u64;
    let units = session.units(kept).zip(session.units(session.prunable()));
    for ((kept, all), name) in units.zip(session.prunable_names()) {
        let help = "lower the sparsity, or rank each layer by itself: --set prune.scope=layer";
        match (kept, policy) {
            (0, Collapse::Error) => {
                return Err(Error::new(
                    ErrorKind::Other,
                    format!("layer collapse: {name} has no {what} left at step {step}"),
                    format!("{help}, or let it keep one: --set prune.collapse=keep-one"),
                ));
            }
            // With fewer weights than layers, some must go without.
            (0, Collapse::KeepOne) if kept_in_all >= layers => {
                return Err(Error::kernel(
                    "the mask update",
                    format!(
                        "{name} lost its last {what} at step {step}, which prune.collapse keeps"
                    ),
                ));
            }
            (0, _) => {
                log::warn!("layer collapse: {name} has no {what} left at step {step}; {help}");
            }
            (1, Collapse::KeepOne) if all > 1 => {
                log::warn!(
                    "{name} is down to its last {what} at step {step}, which prune.collapse keeps; {help}"
                );
            }
            _ => {}
        }
    }
    Ok(())
}
