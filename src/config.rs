//! The configuration of a run: what the TOML file, the flags and the saved copy hold.

use crate::error::{Error, Result};
use crate::nearest::nearest;
use crate::net::Init;
use crate::train::Length;
use serde::{Deserialize, Serialize, Serializer};
use std::path::Path;
use toml::{Table, Value};

/// Everything that decides a run's result on one adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Name of the network.
    pub model: String,
    /// Decides initial weights, the order of samples and augmentation.
    pub seed: u64,
    /// What is trained on.
    pub data: DataConfig,
    /// How long, and in which batches.
    pub train: TrainConfig,
    /// Update rule.
    pub optimiser: OptimiserConfig,
    /// Learning rate over the run.
    pub learning_rate: LearningRateConfig,
    /// Sparsity over the run.
    pub prune: PruneConfig,
    /// Initial weights.
    pub init: InitConfig,
    /// Kernel choices that replace those for the adapter.
    pub tuning: TuningConfig,
}

/// `[data]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// A known name or a folder.
    pub name: String,
    /// Folder that holds the named sets; empty: `WGPRUNE_DATA` or the platform's data folder.
    pub root: String,
    /// Training images held out for validation, chosen by the seed.
    pub validation: u32,
    /// Training images are rotated by up to this many degrees either way.
    pub rotation: f64,
    /// Training images are moved by up to this share of their width, along both axes.
    pub translation: f64,
}

/// `[train]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Of the whole run.
    pub length: Length,
    /// Images in a step. The short rest of an epoch is dropped.
    pub batch: u32,
    /// Share of the target that is spread over all classes.
    #[serde(serialize_with = "as_written")]
    pub label_smoothing: f32,
}

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
}

/// `[learning_rate]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LearningRateConfig {
    /// After the warm-up.
    pub initial: f64,
    /// `constant`, `cosine` or `multi-step`.
    pub schedule: RateKind,
    /// Where the cosine ends.
    pub minimum: f64,
    /// Of `multi-step`.
    pub milestones: Vec<Length>,
    /// Of `multi-step`.
    pub factor: f64,
    /// Linear rise from 0.
    pub warm_up: Length,
    /// Change it only between epochs.
    pub per_epoch: bool,
}

/// Pruning methods by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Magnitude pruning along a linear ramp during training.
    Progressive,
    /// No pruning.
    Dense,
}

/// What is ranked together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All prunable weights.
    Global,
    /// Each prunable tensor by itself.
    Layer,
}

/// `[prune]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PruneConfig {
    /// `progressive` or `dense`.
    pub method: Method,
    /// Share of the prunable weights that is removed at the end.
    pub sparsity: f64,
    /// Share from which the ramp begins.
    pub initial: f64,
    /// `global` or `layer`.
    pub scope: Scope,
    /// Step of the first update.
    pub start: Length,
    /// End of the ramp.
    pub end: Length,
    /// Between updates; `auto` is an epoch or a twentieth of the run, whichever is shorter.
    pub every: String,
}

/// `[init]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InitConfig {
    /// Of convolutions.
    pub conv: Init,
    /// Of linear layers.
    pub linear: Init,
}

/// Algorithms for sums of products by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProductKind {
    /// What suits the adapter.
    Auto,
    /// Register blocks; runs everywhere.
    Block,
    /// Subgroup lanes.
    Lanes,
}

/// `[tuning]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TuningConfig {
    /// `auto`, `block` or `lanes`.
    pub product: ProductKind,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: "lenet-5".into(),
            seed: 0,
            data: DataConfig::default(),
            train: TrainConfig::default(),
            optimiser: OptimiserConfig::default(),
            learning_rate: LearningRateConfig::default(),
            prune: PruneConfig::default(),
            init: InitConfig::default(),
            tuning: TuningConfig::default(),
        }
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            name: "mnist-mini".into(),
            root: String::new(),
            validation: 0,
            rotation: 0.0,
            translation: 0.0,
        }
    }
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            length: Length::Epochs(10),
            batch: 128,
            label_smoothing: 0.0,
        }
    }
}

impl Default for OptimiserConfig {
    fn default() -> Self {
        Self {
            kind: OptimiserKind::Sgd,
            momentum: 0.9,
            nesterov: false,
            weight_decay: 5e-4,
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
            milestones: Vec::new(),
            factor: 0.1,
            warm_up: Length::Steps(0),
            per_epoch: false,
        }
    }
}

impl Default for PruneConfig {
    fn default() -> Self {
        Self {
            method: Method::Progressive,
            sparsity: 0.9,
            initial: 0.0,
            scope: Scope::Global,
            start: Length::Steps(0),
            end: Length::Percent(75.0),
            every: "auto".into(),
        }
    }
}

impl Default for InitConfig {
    /// Fan-out on wide linear layers collapses in short runs, so they start as PyTorch's do.
    fn default() -> Self {
        Self {
            conv: Init::KaimingNormalFanOut,
            linear: Init::Uniform,
        }
    }
}

impl Default for TuningConfig {
    fn default() -> Self {
        Self {
            product: ProductKind::Auto,
        }
    }
}

impl Config {
    /// Defaults, then the file, then the edits, the later over the earlier.
    ///
    /// # Errors
    /// A file that cannot be read, a key that does not exist, or a value out of range; the message names it.
    pub fn resolve(file: Option<&Path>, edits: &[(String, Value)]) -> Result<Self> {
        let mut table = file.map_or_else(|| Ok(Table::new()), read_table)?;
        let source = file.map_or("the configuration".to_owned(), |path| {
            path.display().to_string()
        });
        for (key, value) in edits {
            set(&mut table, key, value.clone())?;
        }
        let defaults = Self::default().to_table();
        check_keys(&table, &defaults, "", &source)?;
        let config: Self = Value::Table(table).try_into().map_err(|error: toml::de::Error| {
            Error::config(
                format!("{source}: {}", error.to_string().trim()),
                "`wgprune train --help` lists the flags; a run's config.toml shows every key with a value",
            )
        })?;
        config.check()?;
        Ok(config)
    }

    /// All keys with their values.
    pub fn to_toml(&self) -> String {
        toml::to_string(&self.to_table()).expect("a table without exotic keys")
    }

    fn to_table(&self) -> Table {
        Table::try_from(self).expect("every field has a TOML value")
    }

    /// Refuses values that no run can use.
    fn check(&self) -> Result<()> {
        let Self {
            data,
            train,
            optimiser,
            learning_rate,
            prune,
            ..
        } = self;
        let range = |key: &str, value: f64, low: f64, high: f64, open: bool| {
            let inside = value >= low && (value < high || (!open && value <= high));
            if inside {
                return Ok(());
            }
            let end = if open { "below" } else { "at most" };
            Err(Error::config(
                format!("{key} is {value}"),
                format!("it must be at least {low} and {end} {high}"),
            ))
        };
        range("prune.sparsity", prune.sparsity, 0.0, 1.0, true)?;
        range("prune.initial", prune.initial, 0.0, prune.sparsity, false)?;
        range("train.batch", train.batch.into(), 1.0, 65_536.0, false)?;
        range(
            "train.label_smoothing",
            train.label_smoothing.into(),
            0.0,
            1.0,
            true,
        )?;
        range("data.rotation", data.rotation, 0.0, 180.0, false)?;
        range("data.translation", data.translation, 0.0, 1.0, true)?;
        range(
            "optimiser.momentum",
            optimiser.momentum.into(),
            0.0,
            1.0,
            true,
        )?;
        range(
            "optimiser.weight_decay",
            optimiser.weight_decay.into(),
            0.0,
            1.0,
            false,
        )?;
        range("optimiser.beta1", optimiser.beta1.into(), 0.0, 1.0, true)?;
        range("optimiser.beta2", optimiser.beta2.into(), 0.0, 1.0, true)?;
        range(
            "optimiser.epsilon",
            optimiser.epsilon.into(),
            1e-30,
            1.0,
            false,
        )?;
        range(
            "learning_rate.initial",
            learning_rate.initial,
            0.0,
            1000.0,
            false,
        )?;
        range(
            "learning_rate.minimum",
            learning_rate.minimum,
            0.0,
            learning_rate.initial,
            false,
        )?;
        range(
            "learning_rate.factor",
            learning_rate.factor,
            0.0,
            1.0,
            false,
        )?;
        if prune.every != "auto" {
            prune
                .every
                .parse::<Length>()
                .map_err(|why| Error::config(format!("prune.every: {why}"), "or write auto"))?;
        }
        Ok(())
    }
}

/// An f32 as the shortest decimal that means it, not as the f64 next to it: 0.9, not 0.8999999761581421.
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]
fn as_written<S: Serializer>(value: &f32, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    let written: f64 = value.to_string().parse().unwrap_or((*value).into());
    serializer.serialize_f64(written)
}

fn read_table(path: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::config(
            format!("cannot read the configuration {}: {error}", path.display()),
            "give the path of a TOML file, for example the config.toml of a run",
        )
    })?;
    text.parse().map_err(|error: toml::de::Error| {
        Error::config(
            format!("{}: {}", path.display(), error.to_string().trim()),
            "mend the TOML there",
        )
    })
}

/// Sets `a.b.c` in nested tables.
fn set(table: &mut Table, key: &str, value: Value) -> Result<()> {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
            Ok(())
        }
        Some((section, rest)) => {
            let inner = table
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            match inner {
                Value::Table(inner) => set(inner, rest, value),
                _ => Err(Error::config(
                    format!("{section} is a value, so {key} cannot be set"),
                    "",
                )),
            }
        }
    }
}

/// Refuses keys that the defaults do not have, with the nearest one that they have.
fn check_keys(table: &Table, known: &Table, prefix: &str, source: &str) -> Result<()> {
    for (key, value) in table {
        let Some(default) = known.get(key) else {
            let keys: Vec<&str> = known.keys().map(String::as_str).collect();
            let help = match nearest(key, keys.iter().copied()) {
                Some(guess) => format!("did you mean {prefix}{guess}?"),
                None => format!("known there: {}", keys.join(", ")),
            };
            return Err(Error::config(
                format!("{source}: there is no key {prefix}{key}"),
                help,
            ));
        };
        match (value, default) {
            (Value::Table(inner), Value::Table(known)) => {
                check_keys(inner, known, &format!("{prefix}{key}."), source)?;
            }
            (_, Value::Table(known)) => {
                let keys: Vec<String> =
                    known.keys().map(|k| format!("{prefix}{key}.{k}")).collect();
                return Err(Error::config(
                    format!("{source}: {prefix}{key} is a section, not a value"),
                    format!("set one of its keys: {}", keys.join(", ")),
                ));
            }
            (Value::Table(_), _) => {
                return Err(Error::config(
                    format!("{source}: {prefix}{key} is a value, not a section"),
                    format!("for example {prefix}{key} = {default}"),
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(key: &str, value: impl Into<Value>) -> Result<Config> {
        Config::resolve(None, &[(key.to_owned(), value.into())])
    }

    #[test]
    fn the_saved_copy_reads_back_as_the_same_configuration() {
        let config = edit("data.rotation", 10.5).expect("a rotation");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        std::fs::write(&path, config.to_toml()).expect("written");
        assert_eq!(
            Config::resolve(Some(&path), &[]).expect("read back"),
            config
        );
        assert!(
            config.to_toml().contains("momentum = 0.9\n"),
            "{}",
            config.to_toml()
        );
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        let error = edit("prune.sparisty", 0.5).expect_err("a typing error");
        assert!(
            error.what.contains("prune.sparisty") && error.help.contains("prune.sparsity"),
            "{error}"
        );
        assert!(
            edit("prun.sparsity", 0.5)
                .expect_err("a section")
                .help
                .contains("prune")
        );
    }

    #[test]
    fn values_out_of_range_or_of_the_wrong_kind_are_refused_by_name() {
        let wrong: [(&str, Value); 8] = [
            ("prune.sparsity", 1.0.into()),
            ("prune.sparsity", f64::NAN.into()),
            ("prune.sparsity", (-0.1).into()),
            ("train.batch", 0.into()),
            ("train.length", "10 minutes".into()),
            ("prune.every", "often".into()),
            ("prune.method", "sometimes".into()),
            ("seed", "seven".into()),
        ];
        for (key, value) in wrong {
            let error = edit(key, value.clone()).expect_err(key);
            let field = key.rsplit('.').next().unwrap_or(key);
            assert!(error.what.contains(field), "{key} = {value}: {error}");
        }
    }
}
