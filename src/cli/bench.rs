//! The flags of `wgprune bench`.

use super::{DeviceArg, examples, values};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use toml::Value;

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// What the adapter can do at best: multiply-adds, copies, launches
    #[command(after_help = examples::BENCH_PEAK)]
    Peak(PeakArgs),
    /// Each launch of a training step, in every variant that the adapter can run
    #[command(after_help = examples::BENCH_KERNEL)]
    Kernel(LaunchArgs),
    /// Each layer of a training step, forwards and backwards
    #[command(after_help = examples::BENCH_LAYER)]
    Layer(LaunchArgs),
    /// Training images a second, the first step, and what an update of the mask costs
    #[command(after_help = examples::BENCH_MODEL)]
    Model(ModelArgs),
}

impl BenchCommand {
    pub(crate) fn tell(&self) -> &TellArgs {
        match self {
            Self::Peak(args) => &args.tell,
            Self::Kernel(args) | Self::Layer(args) => &args.what.tell,
            Self::Model(args) => &args.what.tell,
        }
    }
}

/// How a result is told.
#[derive(Debug, Args)]
pub(crate) struct TellArgs {
    #[command(flatten)]
    pub(crate) device: DeviceArg,
    /// Print the result as one line of JSON
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,
    /// Print the table in Markdown
    #[arg(long)]
    pub(crate) markdown: bool,
    /// Compare the times with those of a file that --json wrote
    #[arg(long, value_name = "FILE")]
    pub(crate) compare: Option<PathBuf>,
    /// The exit code is 9 if a time is longer than the compared one by more than this share, for example 10%
    #[arg(long, value_name = "SHARE", value_parser = values::share, requires = "compare")]
    pub(crate) fail_over: Option<f64>,
}

#[derive(Debug, Args)]
pub(crate) struct PeakArgs {
    #[command(flatten)]
    pub(crate) tell: TellArgs,
}

/// What is timed.
#[derive(Debug, Args)]
pub(crate) struct WhatArgs {
    /// Network: a name, as `wgprune show` lists them, or a TOML file of layers
    #[arg(long, value_name = "NAME", default_value = "lenet-5")]
    pub(crate) model: String,
    /// Images in a step
    #[arg(long, value_name = "B", default_value = "128", value_parser = values::batch, allow_negative_numbers = true)]
    pub(crate) batch: i64,
    /// Any key of the configuration, for example tuning.product=block; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = values::key_and_value)]
    edits: Vec<(String, Value)>,
    #[command(flatten)]
    pub(crate) tell: TellArgs,
}

impl WhatArgs {
    /// What the flags change in the configuration; a flag goes over `--set`.
    pub(crate) fn edits(&self) -> Vec<(String, Value)> {
        let batch = ("train.batch", Some(Value::Integer(self.batch)));
        super::edits(&self.edits, [batch])
    }
}

#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    #[command(flatten)]
    pub(crate) what: WhatArgs,
    /// How long steps are counted, behind those that warm up
    #[arg(long, value_name = "S", default_value = "5", value_parser = values::seconds, allow_negative_numbers = true)]
    pub(crate) seconds: f64,
}

#[derive(Debug, Args)]
pub(crate) struct LaunchArgs {
    #[command(flatten)]
    pub(crate) what: WhatArgs,
    /// Launches of each kernel
    #[arg(long, value_name = "N", default_value = "5", value_parser = values::launches, allow_negative_numbers = true)]
    pub(crate) repeats: u32,
}
