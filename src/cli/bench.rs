//! The flags of `wgprune bench`.

use super::{DeviceArg, MemoryArg, examples, values};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use toml::Value;

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// What the adapter can do at best: multiply-adds, copies, launches
    #[command(after_help = examples::BENCH_PEAK)]
    Peak(PeakArgs),
    /// Each launch of a training step, in every variant that the adapter can run
    ///
    /// Products are computed by blocks, by tiles and, where there are subgroups, by lanes, unless tuning.product names one
    /// of them, and convolutions by Winograd's algorithm and as plain sums, unless tuning.winograd is false. What
    /// tuning.file decides, or the adapter takes by default if that is none of these, is one more variant. The spread
    /// is the median distance of a time from the median of all. What a launch reaches of the ceilings is a share of the
    /// adapter's multiply-adds or of its copies, as `bench peak` finds them, whichever is more; what stays in caches can
    /// be read faster than it is copied. All variants are measured twice, the second time in the opposite order, each
    /// time with as many launches as --repeats says, and the quicker time counts.
    #[command(after_help = examples::BENCH_KERNEL)]
    Kernel(KernelArgs),
    /// Each layer of a training step, forwards and backwards
    #[command(after_help = examples::BENCH_LAYER)]
    Layer(LaunchArgs),
    /// Training images a second, the first step, and what an update of the mask costs
    ///
    /// Each step is waited for and its loss read, which training does not do.
    #[command(after_help = examples::BENCH_MODEL)]
    Model(ModelArgs),
}

impl BenchCommand {
    pub(crate) fn tell(&self) -> &TellArgs {
        match self {
            Self::Peak(args) => &args.tell,
            Self::Kernel(args) => &args.launch.what.tell,
            Self::Layer(args) => &args.what.tell,
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
    /// Network: a name, as `wgprune show` lists them, or a TOML file of layers; without it, that of the configuration:
    /// lenet-5
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Images in a step; without it, those of the configuration: 128
    #[arg(long, value_name = "B", value_parser = values::batch, allow_negative_numbers = true)]
    batch: Option<i64>,
    /// Any key of the configuration, for example tuning.product=block or tuning.file=tuning.json; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = values::key_and_value)]
    edits: Vec<(String, Value)>,
    #[command(flatten)]
    pub(crate) memory: MemoryArg,
    #[command(flatten)]
    pub(crate) tell: TellArgs,
}

impl WhatArgs {
    /// What the flags change in the configuration; a flag goes over `--set`.
    pub(crate) fn edits(&self) -> Vec<(String, Value)> {
        let flags = [
            ("model", super::text(&self.model)),
            ("train.batch", self.batch.map(Value::Integer)),
        ];
        super::edits(&self.edits, flags)
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

#[derive(Debug, Args)]
pub(crate) struct KernelArgs {
    #[command(flatten)]
    pub(crate) launch: LaunchArgs,
    /// Write the fastest variant of each convolution and linear layer to a file, for later runs with
    /// --set tuning.file=FILE
    ///
    /// For this adapter, driver and version of the kernels, in this batch, forwards and backwards apart. What the file has
    /// for others stays in it. While it is measured, nothing is kept from forwards to backwards, as where memory is short.
    /// Faster variants sum in another order, so that the last digits of a run differ.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_tuning: Option<PathBuf>,
}
