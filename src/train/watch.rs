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

/// A prunable tensor whose mask is watched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watched<'a> {
    pub(super) name: &'a str,
    pub(super) weights: u32,
    /// Weights that are removed together.
    pub(super) unit: u32,
    /// Whether nothing passes the network where all of them are gone; not so of biases.
    pub(super) is_weight: bool,
}

/// The prunable tensors of a session, and what is removed together.
pub(super) struct Watch<'a> {
    pub(super) tensors: Vec<Watched<'a>>,
    pub(super) structure: Structure,
}

impl Watch<'_> {
    fn what(&self) -> &'static str {
        match self.structure {
            Structure::Filter => "filter",
            Structure::None | Structure::Pattern { .. } => "weight",
        }
    }

    /// Each tensor with its number.
    fn with<'a, T: Copy>(&'a self, numbers: &'a [T]) -> impl Iterator<Item = (&'a Watched<'a>, T)> {
        self.tensors.iter().zip(numbers.iter().copied())
    }

    /// Compares what a mask update kept, in weights, with what was asked for, in what is removed together: of each tensor, or of
    /// all together.
    pub(super) fn check_kept(&self, kept: &[u32], wanted: &[u32]) -> Result<()> {
        let what = self.what();
        let fault = |what: String| Err(Error::kernel("the mask update", what));
        for (
            &Watched {
                name,
                weights,
                unit,
                ..
            },
            kept,
        ) in self.with(kept)
        {
            if kept % unit != 0 {
                return fault(format!("{name} keeps {kept} weights, a part of a filter"));
            }
            if let Structure::Pattern { kept: least, size } = self.structure
                && kept < weights / size * least
            {
                let structure = self.structure;
                return fault(format!(
                    "{name} keeps {kept} weights, fewer than {structure} of them"
                ));
            }
        }
        let units: Vec<u32> = self.with(kept).map(|(own, kept)| kept / own.unit).collect();
        if wanted.len() == kept.len() {
            for ((own, kept), wanted) in self.with(&units).zip(wanted) {
                if kept != *wanted {
                    let name = own.name;
                    return fault(format!(
                        "{name} keeps {kept} {what}s, {wanted} were asked for"
                    ));
                }
            }
        }
        let (kept, wanted) = (units.iter().sum::<u32>(), wanted.iter().sum::<u32>());
        if kept != wanted {
            return fault(format!(
                "the network keeps {kept} {what}s, {wanted} were asked for"
            ));
        }
        Ok(())
    }

    /// Refuses weights of each tensor that were removed before and are there again, where only removing was asked for.
    pub(super) fn check_returned(&self, returned: &[u32]) -> Result<()> {
        match self.with(returned).find(|(_, count)| *count > 0) {
            None => Ok(()),
            Some((own, count)) => Err(Error::kernel(
                "the mask update",
                format!(
                    "{} has {count} weights again that were removed before",
                    own.name
                ),
            )),
        }
    }

    /// Looks for tensors that lost all of their weights, which cuts the network, or all but the one that was kept for that.
    ///
    /// # Errors
    /// There is one without weights, and that is an error.
    pub(super) fn check_collapse(
        &self,
        policy: Collapse,
        kept: &[u32],
        step: u32,
        per_layer: bool,
    ) -> Result<()> {
        let what = self.what();
        let units: Vec<u32> = self.with(kept).map(|(own, kept)| kept / own.unit).collect();
        let layers = self.tensors.iter().filter(|own| own.is_weight).count();
        let kept_in_all = units.iter().sum::<u32>() as usize;
        let help = match per_layer {
            true => "lower the sparsity",
            false => "lower the sparsity, or rank each layer by itself: --set prune.scope=layer",
        };
        for (
            &Watched {
                name,
                weights,
                unit,
                ..
            },
            kept,
        ) in self.with(&units).filter(|(own, _)| own.is_weight)
        {
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
                (1, Collapse::KeepOne) if weights / unit > 1 => {
                    log::warn!(
                        "{name} is down to its last {what} at step {step}, which prune.collapse keeps; {help}"
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(structure: Structure, unit: u32) -> Watch<'static> {
        let tensor = |name, weights| Watched {
            name,
            weights,
            unit,
            is_weight: true,
        };
        Watch {
            tensors: vec![tensor("conv1.weight", 40), tensor("fc1.weight", 80)],
            structure,
        }
    }

    #[track_caller]
    fn assert_told(outcome: Result<()>, words: &str) {
        let error = outcome.expect_err(words);
        assert!(error.what.contains(words), "{error}");
    }

    #[test]
    fn a_mask_that_is_not_what_was_asked_for_is_told_with_the_tensor() {
        let plain = watch(Structure::None, 1);
        assert!(plain.check_kept(&[5, 7], &[12]).is_ok());
        assert_told(
            plain.check_kept(&[5, 8], &[12]),
            "the network keeps 13 weights, 12",
        );
        assert!(plain.check_kept(&[5, 7], &[5, 7]).is_ok());
        assert_told(
            plain.check_kept(&[6, 6], &[5, 7]),
            "conv1.weight keeps 6 weights, 5",
        );
        let filters = watch(Structure::Filter, 4);
        assert!(filters.check_kept(&[8, 12], &[5]).is_ok());
        assert_told(
            filters.check_kept(&[8, 12], &[2, 4]),
            "fc1.weight keeps 3 filters, 4",
        );
        assert_told(
            filters.check_kept(&[8, 13], &[5]),
            "fc1.weight keeps 13 weights, a part",
        );
        let pattern = watch(Structure::Pattern { kept: 2, size: 4 }, 1);
        assert!(pattern.check_kept(&[20, 40], &[60]).is_ok());
        assert_told(
            pattern.check_kept(&[21, 39], &[60]),
            "fc1.weight keeps 39 weights, fewer",
        );
    }

    #[test]
    fn a_weight_that_came_back_is_told_with_its_tensor() {
        let plain = watch(Structure::None, 1);
        assert!(plain.check_returned(&[0, 0]).is_ok());
        assert_told(
            plain.check_returned(&[0, 3]),
            "fc1.weight has 3 weights again",
        );
    }

    #[test]
    fn a_tensor_without_weights_is_told_as_the_policy_has_it() {
        let plain = watch(Structure::None, 1);
        let check = |policy, kept: [u32; 2]| plain.check_collapse(policy, &kept, 9, false);
        assert_told(
            check(Collapse::Error, [0, 3]),
            "conv1.weight has no weight left at step 9",
        );
        assert_told(
            check(Collapse::KeepOne, [3, 0]),
            "fc1.weight lost its last weight at step 9",
        );
        assert!(
            check(Collapse::KeepOne, [1, 0]).is_ok(),
            "one cannot be in both"
        );
        assert!(check(Collapse::KeepOne, [1, 3]).is_ok());
        assert!(check(Collapse::Allow, [0, 3]).is_ok());
        let mut with_bias = watch(Structure::None, 1);
        with_bias.tensors[1].is_weight = false;
        let gone = with_bias.check_collapse(Collapse::Error, &[3, 0], 9, false);
        assert!(gone.is_ok(), "a bias cuts nothing");
        let filters = watch(Structure::Filter, 4);
        let none = filters.check_collapse(Collapse::Error, &[4, 0], 9, true);
        let error = none.expect_err("a collapse");
        assert!(error.what.contains("fc1.weight has no filter"), "{error}");
        assert!(
            !error.help.contains("scope=layer"),
            "it is there already: {error}"
        );
    }
}
