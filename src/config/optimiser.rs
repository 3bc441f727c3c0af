//! `[optimiser]` and `[learning_rate]`: what a step does with gradients, and how far it goes.

use super::range::range;
use super::{as_written, decimal};
use crate::error::Result;
use crate::train::Length;
use serde::{Deserialize, Serialize};

/// Update rules by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimiserKind {
    /// Stochastic gradient descent with momentum.
    Sgd,
    /// Adam.
    Adam,
}

/// `[optimiser]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimiserConfig {
    /// `sgd` or `adam`.
    pub kind: OptimiserKind,
    /// Of SGD.
    #[serde(serialize_with = "as_written")]
    pub momentum: f32,
    /// Of SGD.
    pub nesterov: bool,
    /// L2, on every parameter.
    #[serde(serialize_with = "as_written")]
    pub weight_decay: f32,
    /// Gradients whose norm, over all parameters, is above this are scaled down to it; 0: they are left as they are.
    #[serde(serialize_with = "as_written")]
    pub clip_norm: f32,
    /// Of Adam.
    #[serde(serialize_with = "as_written")]
    pub beta1: f32,
    /// Of Adam.
    #[serde(serialize_with = "as_written")]
    pub beta2: f32,
    /// Of Adam.
    #[serde(serialize_with = "as_written")]
    pub epsilon: f32,
}

impl OptimiserConfig {
    /// What a schedule that moves the momentum makes of it: the momentum of SGD, and the first beta of Adam.
    #[must_use]
    pub fn with_momentum(&self, momentum: Option<f32>) -> Self {
        Self {
            momentum: momentum.unwrap_or(self.momentum),
            beta1: momentum.unwrap_or(self.beta1),
            ..self.clone()
        }
    }

    /// Refuses values that no run can use.
    pub(super) fn check(&self) -> Result<()> {
        let in_optimiser = |key: &str, value: f32, low, high, open| {
            range(&format!("optimiser.{key}"), decimal(value), low, high, open)
        };
        in_optimiser("momentum", self.momentum, 0.0, 1.0, true)?;
        in_optimiser("weight_decay", self.weight_decay, 0.0, 1.0, false)?;
        in_optimiser("clip_norm", self.clip_norm, 0.0, 1e9, false)?;
        in_optimiser("beta1", self.beta1, 0.0, 1.0, true)?;
        in_optimiser("beta2", self.beta2, 0.0, 1.0, true)?;
        in_optimiser("epsilon", self.epsilon, 1e-30, 1.0, false)
    }
}

/// Shapes of the learning rate by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateKind {
    /// Stays as it is.
    Constant,
    /// Falls as half a cosine.
    Cosine,
    /// Falls by a factor at milestones.
    MultiStep,
    /// Rises, and falls further than it rose, while momentum does the opposite.
    OneCycle,
}

/// `[learning_rate]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LearningRateConfig {
    /// After the warm-up; of `one-cycle`, the highest.
    pub initial: f64,
    /// `constant`, `cosine`, `multi-step` or `one-cycle`.
    pub schedule: RateKind,
    /// Where the cosine is lowest.
    pub minimum: f64,
    /// From the top of the cosine to its lowest point. Where the run is longer, the rate rises again, and so on.
    pub half_period: Length,
    /// Of `multi-step`.
    pub milestones: Vec<Length>,
    /// Of `multi-step`.
    pub factor: f64,
    /// Linear rise from 0.
    pub warm_up: Length,
    /// Change it only between epochs.
    pub per_epoch: bool,
    /// Of `one-cycle`.
    pub one_cycle: OneCycleConfig,
}

/// `[learning_rate.one_cycle]`, with the names of PyTorch's `OneCycleLR`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OneCycleConfig {
    /// Share of the run over which the rate rises.
    pub pct_start: f64,
    /// The highest rate by the first.
    pub div_factor: f64,
    /// The first rate by the last.
    pub final_div_factor: f64,
    /// Momentum where the rate is highest, for SGD; the first beta of Adam.
    #[serde(serialize_with = "as_written")]
    pub base_momentum: f32,
    /// Momentum at both ends.
    #[serde(serialize_with = "as_written")]
    pub max_momentum: f32,
}

impl LearningRateConfig {
    /// Refuses values that no run can use.
    pub(super) fn check(&self) -> Result<()> {
        let in_rate = |key: &str, value, low, high, open| {
            range(&format!("learning_rate.{key}"), value, low, high, open)
        };
        in_rate("initial", self.initial, 0.0, 1000.0, false)?;
        in_rate("minimum", self.minimum, 0.0, self.initial, false)?;
        in_rate("factor", self.factor, 0.0, 1.0, false)?;
        let OneCycleConfig {
            pct_start,
            div_factor,
            final_div_factor,
            base_momentum,
            max_momentum,
        } = self.one_cycle;
        let [base, max] = [base_momentum, max_momentum].map(decimal);
        in_rate("one_cycle.pct_start", pct_start, 0.0, 1.0, true)?;
        in_rate("one_cycle.div_factor", div_factor, 1.0, 1e9, false)?;
        in_rate(
            "one_cycle.final_div_factor",
            final_div_factor,
            1.0,
            1e9,
            false,
        )?;
        in_rate("one_cycle.max_momentum", max, 0.0, 1.0, true)?;
        in_rate("one_cycle.base_momentum", base, 0.0, max, false)
    }
}

impl Default for OptimiserConfig {
    fn default() -> Self {
        Self {
            kind: OptimiserKind::Sgd,
            momentum: 0.9,
            nesterov: false,
            weight_decay: 5e-4,
            clip_norm: 0.0,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        }
    }
}

impl Default for LearningRateConfig {
    fn default() -> Self {
        Self {
            initial: 0.05,
            schedule: RateKind::Cosine,
            minimum: 0.0,
            half_period: Length::Percent(100.0),
            milestones: Vec::new(),
            factor: 0.1,
            warm_up: Length::Steps(0),
            per_epoch: false,
            one_cycle: OneCycleConfig::default(),
        }
    }
}

impl Default for OneCycleConfig {
    fn default() -> Self {
        Self {
            pct_start: 0.3,
            div_factor: 25.0,
            final_div_factor: 1e4,
            base_momentum: 0.85,
            max_momentum: 0.95,
        }
    }
}
