//! The configuration of a run: what the TOML file, the flags and the saved copy hold.

pub(crate) mod keys;
mod measured;
mod method;
mod optimiser;
mod pin;
mod prune;
mod range;
mod recipe;
mod resolve;
mod tuning;

pub use measured::{AdapterChoices, Choice, Measured, TuningFile};
pub use method::{METHODS, Method, MethodFile};
pub use optimiser::{LearningRateConfig, OneCycleConfig, OptimiserConfig, OptimiserKind, RateKind};
pub use prune::{Budget, Collapse, Control, METHOD_KEYS, NEVER, PruneConfig, Scope, SparseStart};
pub use recipe::{RECIPES, Recipe};
pub use tuning::{ProductKind, TuningConfig};

use crate::data::{self, Dataset, ImageOptions};
use crate::net::{InitConfig, Network};
use crate::train::Length;
use serde::{Deserialize, Serialize, Serializer};
use std::path::Path;

/// Most images in a step.
pub const MAX_BATCH: u32 = 65_536;

/// Everything that decides a run's result on one adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Name of the network, or its file.
    pub model: String,
    /// The network itself, where it came from a file: so a run needs that file no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// Decides initial weights, the order of samples and augmentation. Every bit counts, but TOML's integers end at
    /// [`i64::MAX`].
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
    /// A known name or a path.
    pub name: String,
    /// Folder that holds the named sets; empty: `WGPRUNE_DATA` or the platform's data folder.
    pub root: String,
    /// Side of the squares that images of a folder become, in pixels.
    pub size: u32,
    /// Share of each class of a folder of images that is tested on, if it has no `val` or `test`; the same images for
    /// every seed.
    pub test_share: f64,
    /// Files of a folder of images that may be bad; they are left out.
    pub skip_bad: u32,
    /// Training images held out for validation, chosen by the seed.
    pub validation: u32,
    /// Training images get a margin of so many pixels, and a random part of their old size is taken.
    pub crop: u32,
    /// What that margin holds.
    pub crop_margin: Margin,
    /// Half of the training images are mirrored left to right.
    pub flip: bool,
    /// Training images are rotated by up to this many degrees either way.
    pub rotation: f64,
    /// Training images are moved by up to this share of their width, along both axes.
    pub translation: f64,
    /// Training images get a brightness of 1 less to 1 more than this, as a factor.
    pub brightness: f64,
    /// And a contrast.
    pub contrast: f64,
    /// And a saturation, if they have colours.
    pub saturation: f64,
    /// Their hue moves by up to this share of the colour circle either way.
    pub hue: f64,
    /// Share of the training images that lose a rectangle.
    pub erase: f64,
    /// What that rectangle holds.
    pub erase_fill: Fill,
}

/// What a rectangle that is erased holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fill {
    /// Black, as where images are erased before they are normalised.
    Black,
    /// The mean colour of the data set, as where they are erased after that.
    Mean,
}

/// What lies around an image that is cropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Margin {
    /// Black.
    Zero,
    /// The image, mirrored about its outermost pixels.
    Reflect,
}

impl DataConfig {
    /// The folder that holds the named sets, if it is given.
    pub fn root(&self) -> Option<&Path> {
        (!self.root.is_empty()).then(|| Path::new(&self.root))
    }

    /// Opens the data set.
    ///
    /// # Errors
    /// As [`data::open_with`] has them.
    pub fn open(&self) -> crate::error::Result<Dataset> {
        data::open_with(&self.name, self.root(), &self.images())
    }

    /// How a folder of images is read.
    pub fn images(&self) -> ImageOptions {
        ImageOptions {
            size: self.size,
            test_share: self.test_share,
            skip_bad: self.skip_bad,
        }
    }
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

impl Default for Config {
    fn default() -> Self {
        Self {
            model: "lenet-5".into(),
            network: None,
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
        let ImageOptions {
            size,
            test_share,
            skip_bad,
        } = ImageOptions::default();
        Self {
            name: "mnist-mini".into(),
            root: String::new(),
            size,
            test_share,
            skip_bad,
            validation: 0,
            crop: 0,
            crop_margin: Margin::Zero,
            flip: false,
            rotation: 0.0,
            translation: 0.0,
            brightness: 0.0,
            contrast: 0.0,
            saturation: 0.0,
            hue: 0.0,
            erase: 0.0,
            erase_fill: Fill::Black,
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

/// An f32 as the shortest decimal that means it, not as the f64 next to it: 0.9, not 0.8999999761581421.
fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(value.into())
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]
fn as_written<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(decimal(*value))
}
