//! The flags of `wgprune autos`.

use super::{DataArgs, DeviceArg, LengthArgs, MemoryArg, edits, text, values};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use toml::Value;
use wgprune::autos::Decrease;

/// What each round takes away.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum By {
    /// As many weights as any other round
    Number,
    /// The same share of the weights that are left
    Share,
}

impl From<By> for Decrease {
    fn from(by: By) -> Self {
        match by {
            By::Number => Self::Number,
            By::Share => Self::Share,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct AutosArgs {
    /// Network whose weights are watched: a name, as `wgprune show` lists them, or a TOML file of layers
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    #[command(flatten)]
    data: DataArgs,
    /// How often weights are removed
    #[arg(long, value_name = "R", default_value = "20", value_parser = values::keep)]
    pub(crate) rounds: u32,
    /// Share of the prunable weights that is left after the last round
    #[arg(long, value_name = "D", default_value = "0.01", value_parser = values::number, allow_negative_numbers = true)]
    pub(crate) density: f64,
    /// What each round removes
    #[arg(long, value_enum, default_value = "number")]
    pub(crate) by: By,
    /// Most weights that the score is learned from, chosen by the seed; without it, all
    #[arg(long, value_name = "N", value_parser = values::samples)]
    pub(crate) samples: Option<u32>,
    #[command(flatten)]
    length: LengthArgs,
    /// Images in a step
    #[arg(long, value_name = "B", value_parser = values::batch, allow_negative_numbers = true)]
    batch: Option<i64>,
    /// Learning rate of these trainings
    #[arg(long, value_name = "X", value_parser = values::number, allow_negative_numbers = true)]
    lr: Option<f64>,
    /// Decides initial weights, of the regressor too, and the order of samples
    #[arg(long, value_name = "N", value_parser = values::seed, allow_negative_numbers = true)]
    seed: Option<i64>,
    #[command(flatten)]
    pub(crate) device: DeviceArg,
    #[command(flatten)]
    pub(crate) memory: MemoryArg,
    /// A recipe (see `wgprune recipes`), or a file in TOML, for these trainings
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Any key of the configuration; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = values::key_and_value)]
    set: Vec<(String, Value)>,
    /// File of the regressor, in safetensors form
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Print the result as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl AutosArgs {
    /// What the flags change in the configuration; a flag goes over `--set`.
    pub(crate) fn edits(&self) -> Vec<(String, Value)> {
        let flags = [
            ("model", text(&self.model)),
            ("train.length", self.length.value()),
            ("train.batch", self.batch.map(Value::Integer)),
            ("learning_rate.initial", self.lr.map(Value::Float)),
            ("seed", self.seed.map(Value::Integer)),
        ];
        edits(&self.set, self.data.edits().into_iter().chain(flags))
    }
}
