//! The command line, as clap derives it. No logic but what follows from the flags alone.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use toml::Value;
use wgprune::config::MAX_BATCH;
use wgprune::error::Error;

/// Trains and prunes neural networks in one run, on any GPU.
#[derive(Debug, Parser)]
#[command(version, about, long_about = None, max_term_width = 100, after_help = EXIT_CODES)]
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
                          6 memory, 7 not finite, 8 output, 130 and 143 interrupted by Ctrl-C and SIGTERM";

const TRAIN_EXAMPLES: &str = "Examples:
  wgprune train
  wgprune train --model lenet-300-100 --data mnist --data-root ~/data --sparsity 0.98 --epochs 20
  wgprune train --config runs/lenet-5-mnist-mini-progressive-0.9-seed-0/config.toml --out again
  wgprune train --set data.rotation=10 --set optimiser.nesterov=true
  wgprune train --resume runs/lenet-5-mnist-mini-progressive-0.9-seed-0";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a network and prune it on the way
    #[command(after_help = TRAIN_EXAMPLES)]
    Train(TrainArgs),
    /// Loss and accuracy of weights in a file on the test images
    Eval(EvalArgs),
    /// Layers, parameters, memory and plan of a network; opens no data
    Show(ShowArgs),
    /// The adapters that wgpu sees
    Devices(DevicesArgs),
}

impl Cli {
    pub(crate) fn wants_json(&self) -> bool {
        match &self.command {
            Command::Train(args) => args.json,
            Command::Eval(args) => args.look.json,
            Command::Show(args) => args.look.json,
            Command::Devices(args) => args.json,
        }
    }
}

/// Flags that name data.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// Data set: mnist-mini (embedded), mnist, fashion-mnist, or a folder with the four IDX files
    #[arg(long, value_name = "NAME|DIR")]
    pub(crate) data: Option<String>,
    /// Folder that holds the named sets; nothing else is searched
    #[arg(long, value_name = "DIR")]
    pub(crate) data_root: Option<String>,
}

/// Flags of the commands that look at a network and change nothing.
#[derive(Debug, Args)]
pub(crate) struct LookArgs {
    /// Images at a time
    #[arg(long, value_name = "B", default_value = "128", value_parser = batch, allow_negative_numbers = true)]
    pub(crate) batch: i64,
    /// Adapter: an index, a part of its name, or a backend (see `wgprune devices`)
    // An empty selector would match every adapter, as an unset variable in a script does.
    #[arg(long, value_name = "SEL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) device: Option<String>,
    /// Print the result as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags that a run which goes on has had its answer to.
const DECIDES_A_RUN: [&str; 13] = [
    "model",
    "data",
    "data_root",
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
];

#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    /// Network: lenet-5 or lenet-300-100
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Pruning method: progressive or dense
    #[arg(long, value_name = "NAME")]
    pub(crate) method: Option<String>,
    /// Share of the prunable weights to remove, from 0 to below 1
    #[arg(long, value_name = "S", value_parser = number, allow_negative_numbers = true)]
    pub(crate) sparsity: Option<f64>,
    /// Passes over the training images
    #[arg(long, value_name = "E", value_parser = count, allow_negative_numbers = true, conflicts_with = "steps")]
    pub(crate) epochs: Option<i64>,
    /// Steps of the optimiser, instead of epochs
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub(crate) steps: Option<i64>,
    /// Images in a step
    #[arg(long, value_name = "B", value_parser = count, allow_negative_numbers = true)]
    pub(crate) batch: Option<i64>,
    /// Learning rate
    #[arg(long, value_name = "X", value_parser = number, allow_negative_numbers = true)]
    pub(crate) lr: Option<f64>,
    /// Decides initial weights, order of samples and augmentation
    #[arg(long, value_name = "N", value_parser = seed, allow_negative_numbers = true)]
    pub(crate) seed: Option<i64>,
    /// Adapter: an index, a part of its name, or a backend (see `wgprune devices`)
    // An empty selector would match every adapter, as an unset variable in a script does.
    #[arg(long, value_name = "SEL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) device: Option<String>,
    /// Configuration in TOML, for example the config.toml of a run
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Any key of the configuration, for example prune.scope=layer; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub(crate) edits: Vec<(String, Value)>,
    /// Folder of the run; without it, a new one under runs/
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Go on with the run in this folder, to the same end as if it had never stopped
    #[arg(long, value_name = "RUN", conflicts_with_all = DECIDES_A_RUN)]
    pub(crate) resume: Option<PathBuf>,
    /// Checkpoints to keep, the newest ones
    #[arg(long, value_name = "N", default_value = "2", value_parser = keep, allow_negative_numbers = true)]
    pub(crate) keep: u32,
    /// Print the result as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl TrainArgs {
    /// What the flags change in the configuration; a flag goes over `--set`.
    pub(crate) fn edits(&self) -> Vec<(String, Value)> {
        let text = |value: &Option<String>| value.clone().map(Value::String);
        let length = match (self.epochs, self.steps) {
            (Some(epochs), _) => Some(format!("{epochs}ep")),
            (None, steps) => steps.map(|steps| format!("{steps}it")),
        };
        let flags = [
            ("model", text(&self.model)),
            ("data.name", text(&self.data.data)),
            ("data.root", text(&self.data.data_root)),
            ("prune.method", text(&self.method)),
            ("prune.sparsity", self.sparsity.map(Value::Float)),
            ("train.length", text(&length)),
            ("train.batch", self.batch.map(Value::Integer)),
            ("learning_rate.initial", self.lr.map(Value::Float)),
            ("seed", self.seed.map(Value::Integer)),
        ];
        let flags = flags
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)));
        self.edits.iter().cloned().chain(flags).collect()
    }
}

#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// Weights in safetensors form, with PyTorch's names and shapes
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Network whose weights they are
    #[arg(long, value_name = "NAME", default_value = "lenet-5")]
    pub(crate) model: String,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) look: LookArgs,
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

/// What clap refuses, as other errors are: its first paragraph is what happened, the rest is help.
pub(crate) fn error(refusal: &clap::Error) -> Error {
    let text = refusal.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim();
    let (what, help) = text.split_once("\n\n").unwrap_or((text, ""));
    Error::config(what, help.trim())
}

/// A whole number; the messages of Rust's own parsers speak of digits and of types.
fn whole(text: &str, range: RangeInclusive<i64>) -> Result<i64, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        format!(
            "write a whole number from {} to {}",
            range.start(),
            range.end()
        )
    })
}

fn count(text: &str) -> Result<i64, String> {
    whole(text, 0..=u32::MAX.into())
}

fn batch(text: &str) -> Result<i64, String> {
    whole(text, 1..=MAX_BATCH.into())
}

fn keep(text: &str) -> Result<u32, String> {
    let number = whole(text, 1..=u32::MAX.into())?;
    u32::try_from(number).map_err(|error| error.to_string())
}

/// TOML has integers of 64 bits with a sign, so that more could not be saved.
fn seed(text: &str) -> Result<i64, String> {
    whole(text, 0..=i64::MAX)
}

fn number(text: &str) -> Result<f64, String> {
    text.parse()
        .map_err(|_| "write a number, for example 0.5".to_owned())
}

/// `key=value`, where the value is TOML, or a plain word that need not be quoted.
fn key_and_value(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?} has no `=`; write KEY=VALUE"))?;
    if key.trim().is_empty() {
        return Err(format!("{text:?} has no key; write KEY=VALUE"));
    }
    let table: Option<toml::Table> = format!("value = {value}").parse().ok();
    let parsed = table.and_then(|mut table| table.remove("value"));
    Ok((
        key.trim().to_owned(),
        parsed.unwrap_or_else(|| Value::String(value.trim().to_owned())),
    ))
}
