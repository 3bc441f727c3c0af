//! Sanity checks of a method: what must make no difference to its masks, or all of it (Su et al. 2020, Sanity-checking pruning
//! methods; Frankle et al. 2021, Pruning neural networks at initialization: why are we missing the mark?).

use super::{PruneConfig, SparseStart, name};
use crate::error::{Error, Result};
use crate::net::Structure;
use crate::ops::{Criterion, Growth};
use crate::train::{Curve, Length};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is done to the masks of a method, so that it shows what they are good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// Nothing.
    None,
    /// Before the (last) training begins, the mask of each layer keeps as many weights elsewhere, by chance.
    Shuffle,
    /// Before the (last) training begins, weights get other initial values under the same mask.
    Reinit,
    /// The weights with the highest scores go.
    Invert,
    /// Weights are ranked by a loss on images with the labels of others.
    Corrupt,
}

impl Control {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::Shuffle,
        Self::Reinit,
        Self::Invert,
        Self::Corrupt,
    ];
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name(self).trim_matches('"'))
    }
}

impl PruneConfig {
    /// Refuses a control that says nothing of this method.
    ///
    /// # Errors
    /// What the method lacks.
    pub fn check_control(&self) -> Result<()> {
        let refuse = |why: &str, help: &str| {
            let control = self.control;
            Err(Error::config(
                format!("prune.control is {control}, but {why}"),
                format!("{help}, or set prune.control to none"),
            ))
        };
        if self.control == Control::None {
            return Ok(());
        }
        if !self.prunes() {
            return refuse("nothing is removed", "choose another method");
        }
        if self.structure != Structure::None {
            let why = format!("prune.structure {} has rules of its own", self.structure);
            return refuse(&why, "set prune.structure to none");
        }
        let starts_at_once = matches!(
            self.start,
            Length::Epochs(0) | Length::Steps(0) | Length::Percent(0.0)
        );
        let is_static = self.schedule == Curve::OneShot
            && starts_at_once
            && self.regrow == Growth::None
            && self.sparse_start == SparseStart::None;
        match self.control {
            Control::Shuffle | Control::Reinit if !is_static && self.rewinds()?.is_none() => {
                refuse(
                    "no training begins with the last mask",
                    "choose a method that prunes before training, or in rounds",
                )
            }
            Control::Invert | Control::Shuffle | Control::Reinit
                if self.criterion == Criterion::Random =>
            {
                refuse("weights are ranked by chance", "choose another method")
            }
            Control::Invert
                if self.regrow != Growth::None
                    || self.schedule == Curve::Constant && self.rewinds()?.is_none() =>
            {
                refuse(
                    "a random start or growth, not scores, says what is left",
                    "choose a method without them",
                )
            }
            Control::Corrupt if !self.criterion.evidence().reads_labels() => refuse(
                "weights are ranked without labels",
                "choose snip, grasp or autos",
            ),
            _ => Ok(()),
        }
    }
}
