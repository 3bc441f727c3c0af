//! The command line, as clap derives it. No logic but what follows from the flags alone.

mod autos;
mod bench;
mod data;
mod eval;
mod examples;
mod sweep;
mod values;

pub(crate) use autos::AutosArgs;
pub(crate) use bench::{
    BenchCommand, KernelArgs, LaunchArgs, ModelArgs, PeakArgs, TellArgs, WhatArgs,
};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand};
pub(crate) use data::{DataCommand, GetArgs, PlaceArgs, VerifyArgs};
pub(crate) use eval::EvalArgs;
use std::path::PathBuf;
pub(crate) use sweep::{CompareArgs, SweepArgs};
use toml::Value;
use wgprune::config::Config;
use wgprune::error::{Error, Result};

/// Trains and prunes neural networks in one run, on any GPU.
#[derive(Debug, Parser)]
#[command(version, about, long_about = None, max_term_width = 100)]
#[command(after_help = format!("{}\n\n{EXIT_CODES}", examples::MAIN))]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Only errors on standard error
    #[arg(short, long, global = true, display_order = 100)]
    pub(crate) quiet: bool,
    /// More on standard error
    #[arg(short, long, global = true, display_order = 100)]
    pub(crate) verbose: bool,
}

const EXIT_CODES: &str = "Exit codes: 0 ok, 1 other, 2 usage or configuration, 3 adapter, 4 data, 5 device lost, \
                          6 memory, 7 not finite, 8 output, 9 self-test or bench, \
                          130 and 143 interrupted by Ctrl-C and SIGTERM";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a network and prune it on the way
    #[command(after_help = examples::TRAIN)]
    Train(TrainArgs),
    /// Loss and accuracy of weights in a file on the test images
    #[command(after_help = examples::EVAL)]
    Eval(EvalArgs),
    /// Layers, parameters, memory and plan of a network; opens no data
    #[command(after_help = examples::SHOW)]
    Show(ShowArgs),
    /// The adapters that wgpu sees
    #[command(after_help = examples::DEVICES)]
    Devices(DevicesArgs),
    /// Check every kernel, forward and backward, on an adapter
    ///
    /// Each op runs twice at odd shapes in every variant that the adapter supports, and is compared with the same
    /// formula in 64 bits. The error is a share of the bound that the rounding of 32 bits allows: above 1 is wrong.
    /// What follows are facts about the adapter, most of which WGSL leaves free. The exit code is 9 if anything is
    /// wrong.
    #[command(after_help = examples::SELFTEST)]
    Selftest(SelftestArgs),
    /// Time a training step on an adapter, on made-up images
    #[command(subcommand, after_help = examples::BENCH)]
    Bench(BenchCommand),
    /// List, download and check data sets
    #[command(subcommand, after_help = examples::DATA)]
    Data(DataCommand),
    /// Train every combination of networks, methods, sparsities and seeds, and compare them
    #[command(after_help = examples::SWEEP)]
    Sweep(SweepArgs),
    /// What finished runs reached, side by side
    #[command(after_help = examples::COMPARE)]
    Compare(CompareArgs),
    /// Learn which weights survive pruning in rounds, for the method autos
    #[command(after_help = examples::AUTOS)]
    Autos(AutosArgs),
    /// Pruning methods: a list with their papers, or the text of one
    #[command(after_help = examples::METHODS)]
    Methods(NamedArgs),
    /// Configurations that come with the program: a list, or the text of one
    #[command(after_help = examples::RECIPES)]
    Recipes(NamedArgs),
    /// A script with which a shell completes the commands and flags
    #[command(after_help = examples::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// The manual page, or a folder with one for each command
    #[command(after_help = examples::MAN)]
    Man(ManArgs),
}

impl Cli {
    pub(crate) fn wants_json(&self) -> bool {
        match &self.command {
            Command::Train(args) => args.json,
            Command::Eval(args) => args.look.json,
            Command::Show(args) => args.look.json,
            Command::Devices(args) => args.json,
            Command::Selftest(args) => args.json,
            Command::Bench(command) => command.tell().json,
            Command::Data(command) => command.wants_json(),
            Command::Sweep(args) => args.json,
            Command::Compare(args) => args.json,
            Command::Autos(args) => args.json,
            Command::Methods(args) | Command::Recipes(args) => args.json,
            Command::Completions(_) | Command::Man(_) => false,
        }
    }
}

/// Flags that name data.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// Data set: a name, as `wgprune data list` has them, or the path of a folder with files of MNIST's or CIFAR's
    /// form, of an archive of CIFAR, or of a folder of images with a folder to each class
    #[arg(long, value_name = "NAME|PATH")]
    pub(crate) data: Option<String>,
    /// Folder that holds the named sets; nothing else is searched
    #[arg(long, value_name = "DIR")]
    pub(crate) data_root: Option<String>,
    /// Leave out up to this many bad files of a folder of images
    #[arg(long, value_name = "N", value_parser = values::bad_files, allow_negative_numbers = true)]
    pub(crate) skip_bad: Option<i64>,
}

impl DataArgs {
    /// Keys of the configuration, with what these flags set them to.
    fn edits(&self) -> [(&'static str, Option<Value>); 3] {
        [
            ("data.name", text(&self.data)),
            ("data.root", text(&self.data_root)),
            ("data.skip_bad", self.skip_bad.map(Value::Integer)),
        ]
    }
}

/// The budget of a run.
#[derive(Debug, Args)]
pub(crate) struct LengthArgs {
    /// Passes over the training images
    #[arg(long, value_name = "E", value_parser = values::count, allow_negative_numbers = true, conflicts_with = "steps")]
    epochs: Option<i64>,
    /// Steps of the optimiser, instead of epochs
    #[arg(long, value_name = "N", value_parser = values::count, allow_negative_numbers = true)]
    steps: Option<i64>,
}

impl LengthArgs {
    /// The value of `train.length`.
    fn value(&self) -> Option<Value> {
        let length = match (self.epochs, self.steps) {
            (Some(epochs), _) => Some(format!("{epochs}ep")),
            (None, steps) => steps.map(|steps| format!("{steps}it")),
        };
        length.map(Value::String)
    }
}

fn text(value: &Option<String>) -> Option<Value> {
    value.clone().map(Value::String)
}

/// What `--set` and then the flags change in the configuration.
fn edits(
    set: &[(String, Value)],
    flags: impl IntoIterator<Item = (&'static str, Option<Value>)>,
) -> Vec<(String, Value)> {
    let flags = flags
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    set.iter().cloned().chain(flags).collect()
}

/// The flag that chooses the adapter.
#[derive(Debug, Args)]
pub(crate) struct DeviceArg {
    /// Adapter: an index, a part of its name, or a backend (see `wgprune devices`)
    // An empty selector would match every adapter, as an unset variable in a script does.
    #[arg(long = "device", value_name = "SEL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) selector: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct MemoryArg {
    /// Memory that buffers on the device may have, for example 2GiB; without it, what the machine tells, if the
    /// device shares its memory, or the driver
    #[arg(long = "memory", value_name = "SIZE", value_parser = values::bytes)]
    pub(crate) bytes: Option<u64>,
}

/// Flags of the commands that look at a network and change nothing.
#[derive(Debug, Args)]
pub(crate) struct LookArgs {
    /// Images at a time
    #[arg(long, value_name = "B", default_value = "128", value_parser = values::batch, allow_negative_numbers = true)]
    pub(crate) batch: i64,
    #[command(flatten)]
    pub(crate) device: DeviceArg,
    /// Print the result as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags that a run which goes on has had its answer to.
const DECIDES_A_RUN: [&str; 13] = [
    "model",
    "skip_bad",
    "method",
    "sparsity",
    "epochs",
    "steps",
    "batch",
    "lr",
    "seed",
    "config",
    "edits",
    "out",
    "autos_model",
];

#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    /// Network: a name, as `wgprune show` lists them, or a TOML file of layers
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Pruning method, as `wgprune methods` lists them
    #[arg(long, value_name = "NAME")]
    pub(crate) method: Option<String>,
    /// Share of the prunable weights to remove, from 0 to below 1
    #[arg(long, value_name = "S", value_parser = values::number, allow_negative_numbers = true)]
    pub(crate) sparsity: Option<f64>,
    /// What `wgprune autos` wrote, for the method autos; without it, what comes with wgprune
    #[arg(long, value_name = "FILE")]
    pub(crate) autos_model: Option<String>,
    #[command(flatten)]
    length: LengthArgs,
    /// Images in a step
    #[arg(long, value_name = "B", value_parser = values::batch, allow_negative_numbers = true)]
    pub(crate) batch: Option<i64>,
    /// Learning rate
    #[arg(long, value_name = "X", value_parser = values::number, allow_negative_numbers = true)]
    pub(crate) lr: Option<f64>,
    /// Decides initial weights, order of samples and augmentation
    #[arg(long, value_name = "N", value_parser = values::seed, allow_negative_numbers = true)]
    pub(crate) seed: Option<i64>,
    #[command(flatten)]
    pub(crate) device: DeviceArg,
    #[command(flatten)]
    pub(crate) memory: MemoryArg,
    /// A recipe (see `wgprune recipes`), or a file in TOML, for example the config.toml of a run
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Any key of the configuration, for example prune.scope=layer; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = values::key_and_value)]
    pub(crate) edits: Vec<(String, Value)>,
    /// Folder of the run; without it, a new one under runs/
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Go on with the run in this folder, to the same end as if it had never stopped
    #[arg(long, value_name = "RUN", conflicts_with_all = DECIDES_A_RUN)]
    pub(crate) resume: Option<PathBuf>,
    /// Checkpoints to keep, the newest ones; without it 2, or as many as the run began with
    #[arg(long, value_name = "N", value_parser = values::keep, allow_negative_numbers = true)]
    pub(crate) keep: Option<u32>,
    /// Print the result as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl TrainArgs {
    /// The configuration of a new run.
    pub(crate) fn config(&self) -> Result<Config> {
        let config = Config::resolve(self.config.as_deref(), &self.edits())?;
        if self.autos_model.is_some() && config.prune.autos_sha256.is_empty() {
            let method = &config.prune.method;
            return Err(Error::config(
                format!("--autos-model is given, but {method} has no score that is learned"),
                "leave it out, or add --method autos",
            ));
        }
        Ok(config)
    }

    /// What the flags change in the configuration; a flag goes over `--set`.
    fn edits(&self) -> Vec<(String, Value)> {
        let flags = [
            ("model", text(&self.model)),
            ("prune.method", text(&self.method)),
            ("prune.sparsity", self.sparsity.map(Value::Float)),
            ("prune.autos_model", text(&self.autos_model)),
            ("train.length", self.length.value()),
            ("train.batch", self.batch.map(Value::Integer)),
            ("learning_rate.initial", self.lr.map(Value::Float)),
            ("seed", self.seed.map(Value::Integer)),
        ];
        edits(&self.edits, self.data.edits().into_iter().chain(flags))
    }
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Network; without it, all are listed
    #[arg(value_name = "MODEL")]
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) look: LookArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DevicesArgs {
    /// Print the list as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SelftestArgs {
    #[command(flatten)]
    pub(crate) device: DeviceArg,
    /// Print the result as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NamedArgs {
    /// The one to print; without it, all are listed
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Print the result as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Folder for the pages of all commands; without it, the main page goes to standard output
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// What clap refuses, as other errors are: its first paragraph is what happened, the rest is help.
pub(crate) fn error(refusal: &clap::Error) -> Error {
    let text = refusal.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim();
    let (what, help) = text.split_once("\n\n").unwrap_or((text, ""));
    Error::config(what, help.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_help_has_examples_and_every_example_parses() {
        let main = Cli::command();
        main.clone().debug_assert();
        for command in main.get_subcommands().chain([&main]) {
            let name = command.get_name();
            let help = command.get_after_help().unwrap_or_default().to_string();
            let lines = help.lines().filter_map(|line| line.strip_prefix("  "));
            let lines: Vec<&str> = lines.collect();
            assert!(
                help.starts_with("Examples:\n") && !lines.is_empty(),
                "{name}"
            );
            for line in lines {
                // What follows is for the shell.
                let words = line.split(['|', '>']).next().unwrap_or_default();
                let parsed = Cli::try_parse_from(words.split_whitespace());
                let was_parsed = match parsed {
                    Ok(_) => line.starts_with("wgprune "),
                    Err(refusal) => refusal.kind() == clap::error::ErrorKind::DisplayHelp,
                };
                assert!(was_parsed, "{name}: {line}");
            }
        }
    }
}
