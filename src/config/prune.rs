//! `[prune]`: when weights are removed, which of them, and what grows back.

mod control;
mod parts;

pub use control::Control;

use super::range::range;
use crate::autos::Regressor;
use crate::error::{Error, Result};
use crate::net::Structure;
use crate::ops::{Criterion, Evidence, Growth};
use crate::train::{Curve, Length};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `prune.every` by the rule of [`Schedule::new`](crate::train::Schedule::new).
pub(super) const AUTO: &str = "auto";

/// `prune.rewind` where there is one training.
pub const NEVER: &str = "never";

/// What a [`Method`](super::Method) may set; what its file leaves out is as by default.
pub const METHOD_KEYS: [&str; 18] = [
    "schedule",
    "initial",
    "sparse_start",
    "criterion",
    "balanced",
    "biases",
    "iterations",
    "scope",
    "exclude",
    "start",
    "end",
    "regrow",
    "regrow_share",
    "regrow_least",
    "regrow_end",
    "rewind",
    "round_share",
    "narrow",
];

/// What is ranked together, and how many weights each part keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All prunable weights.
    Global,
    /// Each prunable tensor by itself, all at the same sparsity.
    Layer,
    /// Each by itself, sparser the larger it is ([`erk`](crate::train::erk)).
    Erk,
    /// Each by itself, convolutions sparser the later they come ([`smart`](crate::train::smart)).
    Smart,
}

/// What becomes of a layer that would lose its last weight, so that nothing passes it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Collapse {
    /// It keeps the weight that ranks highest in it, and another layer one less.
    KeepOne,
    /// The run stops.
    Error,
    /// It loses it.
    Allow,
}

/// The layers' shares of a random mask that a run begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SparseStart {
    /// There is none: a run begins with all weights.
    None,
    /// As [`Scope::Layer`] has them.
    Layer,
    /// As [`Scope::Erk`] has them.
    Erk,
}

/// What several rounds of training have of the length of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Budget {
    /// All together have it: a run takes as long as with any other method.
    Shared,
    /// Each has it, as authors mostly report it.
    Each,
}

impl SparseStart {
    /// What says how many weights each layer keeps, if there is a mask.
    pub fn scope(self) -> Option<Scope> {
        match self {
            Self::None => None,
            Self::Layer => Some(Scope::Layer),
            Self::Erk => Some(Scope::Erk),
        }
    }
}

/// `[prune]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PruneConfig {
    /// Name of a [`Method`](super::Method), which stands for all of [`METHOD_KEYS`].
    pub method: String,
    /// Share of the prunable weights, or filters, that is removed at the end; a pattern has its own.
    pub sparsity: f64,
    /// What is removed together: `none`, a pattern such as `2:4`, or `filter`.
    pub structure: Structure,
    /// How it gets there.
    pub schedule: Curve,
    /// Share from which it begins.
    pub initial: f64,
    /// How the random mask of the initial share, or of the last one where the schedule is constant, is spread over the
    /// layers, if there is to be one.
    pub sparse_start: SparseStart,
    /// By what weights are ranked: `magnitude`, `movement`, `initial-magnitude`, `random`, `snip`, `grasp`, `synflow` or `learned`.
    pub criterion: Criterion,
    /// Whether the images that weights are ranked by are as many of each class, and not just those that come next.
    pub balanced: bool,
    /// Whether biases are ranked with the weights of the layers that are pruned, and count as such.
    pub biases: bool,
    /// In how many parts, each by scores of its own, an update removes what it removes.
    pub iterations: u32,
    /// `global`, `layer`, `erk` or `smart`.
    pub scope: Scope,
    /// What is done to masks as a sanity check.
    pub control: Control,
    /// Where the criterion is `learned`: a file of `wgprune autos`; empty: the one that comes with the program.
    pub autos_model: String,
    /// Its SHA-256, which [`Config::resolve`](super::Config::resolve) finds; a run takes no other file then.
    pub autos_sha256: String,
    /// What becomes of a layer that would lose its last weight.
    pub collapse: Collapse,
    /// Sparsities in the end of layers that have one of their own where each is ranked by itself, by names as in `exclude`; in
    /// between, the density of such a layer is always the same power of that of the others.
    pub layers: BTreeMap<String, f64>,
    /// Layers that stay dense, as [`Net::exclude`](crate::net::Net::exclude) takes them.
    pub exclude: Vec<String>,
    /// Step of the first update.
    pub start: Length,
    /// End of the schedule.
    pub end: Length,
    /// What grows back at each update, where as many of the smallest weights of a layer are dropped first.
    pub regrow: Growth,
    /// Share of the weights of a layer that is dropped in the beginning; it falls along half a cosine.
    pub regrow_share: f64,
    /// And to which share.
    pub regrow_least: f64,
    /// When it gets there, and weights stop to grow.
    pub regrow_end: Length,
    /// `never`, or the step of a training to which weights go back after each of several rounds; these, and not the schedule,
    /// then say when weights are removed.
    pub rewind: String,
    /// Share of the weights that are left which a round removes.
    pub round_share: f64,
    /// Whose length `train.length` is.
    pub round_budget: Budget,
    /// Whether, where nothing is removed, a narrower network is trained, with no more parameters than pruning to `sparsity` would
    /// leave.
    pub narrow: bool,
    /// Between updates; `auto` is an epoch or a twentieth of the run, whichever is shorter.
    pub every: String,
}

impl PruneConfig {
    /// Whether anything is ever removed.
    pub fn prunes(&self) -> bool {
        self.schedule != Curve::None
    }

    /// Share of the prunable weights that is gone in the end, or was never there; none of a network as it is.
    pub fn share(&self) -> Option<f64> {
        (self.prunes() || self.narrow).then_some(self.sparsity)
    }

    /// To which step of a training weights go back, if they do.
    ///
    /// # Errors
    /// It is no length.
    pub fn rewinds(&self) -> Result<Option<Length>> {
        if self.rewind == NEVER {
            return Ok(None);
        }
        let length = self.rewind.parse().map_err(|why| {
            Error::config(
                format!("prune.rewind: {why}"),
                "or write 0it for the initial weights, or never",
            )
        })?;
        Ok(self.prunes().then_some(length))
    }

    /// The method, with the control that changes what it does.
    pub fn called(&self) -> String {
        match self.control {
            Control::None => self.method.clone(),
            control => format!("{}-{control}", self.method),
        }
    }

    /// Notes which regressor a run takes, by an absolute path, if it takes one and has not noted it.
    pub(super) fn find_regressor(&mut self) -> Result<()> {
        if self.criterion.evidence() != Evidence::Epoch || !self.prunes() {
            // What others noted tells nothing of this run.
            self.autos_model.clear();
            self.autos_sha256.clear();
        } else if self.autos_sha256.is_empty() {
            self.autos_sha256 = Regressor::of(self)?.sha256;
            if let Ok(path) = std::path::absolute(&self.autos_model) {
                self.autos_model = path.to_string_lossy().into_owned();
            }
        }
        Ok(())
    }

    /// Refuses values that no run can use.
    pub(super) fn check(&self) -> Result<()> {
        range("prune.sparsity", self.sparsity, 0.0, 1.0, true)?;
        range("prune.initial", self.initial, 0.0, self.sparsity, false)?;
        range("prune.regrow_share", self.regrow_share, 0.0, 1.0, false)?;
        range(
            "prune.regrow_least",
            self.regrow_least,
            0.0,
            self.regrow_share,
            false,
        )?;
        range(
            "prune.iterations",
            self.iterations.into(),
            1.0,
            10_000.0,
            false,
        )?;
        range("prune.round_share", self.round_share, 0.01, 0.99, false)?;
        for (layer, &sparsity) in &self.layers {
            range(&format!("prune.layers.{layer}"), sparsity, 0.0, 1.0, true)?;
        }
        self.check_parts()?;
        if self.every == AUTO {
            return Ok(());
        }
        let every = self.every.parse::<Length>();
        let every =
            every.map_err(|why| Error::config(format!("prune.every: {why}"), "or write auto"))?;
        // A share may still round to 0 steps, which then are 1.
        match every {
            Length::Epochs(0) | Length::Steps(0) | Length::Percent(0.0) => Err(Error::config(
                format!("prune.every is {every}, so mask updates never come"),
                "write at least 1it, or auto",
            )),
            _ => Ok(()),
        }
    }
}

impl Default for PruneConfig {
    fn default() -> Self {
        Self {
            method: "progressive".into(),
            sparsity: 0.9,
            structure: Structure::None,
            schedule: Curve::Linear,
            initial: 0.0,
            sparse_start: SparseStart::None,
            criterion: Criterion::Magnitude,
            balanced: false,
            biases: false,
            iterations: 1,
            scope: Scope::Global,
            control: Control::None,
            autos_model: String::new(),
            autos_sha256: String::new(),
            collapse: Collapse::KeepOne,
            layers: BTreeMap::new(),
            exclude: Vec::new(),
            start: Length::Steps(0),
            end: Length::Percent(75.0),
            regrow: Growth::None,
            regrow_share: 0.3,
            regrow_least: 0.0,
            regrow_end: Length::Percent(75.0),
            rewind: NEVER.into(),
            round_share: 0.2,
            round_budget: Budget::Shared,
            narrow: false,
            every: AUTO.into(),
        }
    }
}

/// A value as a file has it.
fn name(value: &impl Serialize) -> String {
    toml::Value::try_from(value).map_or_else(|_| String::new(), |value| value.to_string())
}
