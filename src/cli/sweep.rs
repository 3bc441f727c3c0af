//! `sweep` and `compare`.

use super::{DataArgs, DeviceArg, LengthArgs, MemoryArg, edits, values};
use clap::Args;
use std::path::PathBuf;
use toml::Value;
use wgprune::sweep::{Grid, Shard};

#[derive(Debug, Args)]
pub(crate) struct SweepArgs {
    /// Networks, as --model of `train` takes them
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    models: Vec<String>,
    /// Pruning methods, as `wgprune methods` lists them
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    methods: Vec<String>,
    /// Shares of the prunable weights to remove, from 0 to below 1
    #[arg(long, value_name = "S,...", value_delimiter = ',', value_parser = values::number)]
    sparsities: Vec<f64>,
    /// Sanity checks of the methods: none, shuffle, reinit, invert, corrupt; those that say nothing of a method are left out
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    controls: Vec<String>,
    /// All of these checks, with random-erk and small-dense beside the methods
    #[arg(long, conflicts_with = "controls")]
    sanity: bool,
    /// Seeds; without them the one of the configuration
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = values::small_seed)]
    seeds: Vec<u32>,
    /// A TOML file with the lists models, methods, sparsities, controls and seeds, or sanity = true; flags go over it
    #[arg(long, value_name = "FILE")]
    pub(crate) grid: Option<PathBuf>,
    /// Folder of the sweep; what is done there is not done again
    #[arg(long, value_name = "DIR", default_value = "sweep")]
    pub(crate) out: PathBuf,
    /// Runs at once
    #[arg(long, value_name = "N", default_value = "1", value_parser = values::keep)]
    pub(crate) jobs: u32,
    /// A part of the runs, for one process of many, for example 2/4; without it, that of the task of a Slurm array, or all
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Shard>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    length: LengthArgs,
    #[command(flatten)]
    pub(crate) device: DeviceArg,
    #[command(flatten)]
    pub(crate) memory: MemoryArg,
    /// A recipe (see `wgprune recipes`), or a file in TOML
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Any key of the configuration, for all runs; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = values::key_and_value)]
    set: Vec<(String, Value)>,
    /// Print the table as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl SweepArgs {
    /// What the flags change in the configuration of every run.
    pub(crate) fn edits(&self) -> Vec<(String, Value)> {
        let flags = [("train.length", self.length.value())];
        edits(&self.set, self.data.edits().into_iter().chain(flags))
    }

    /// The lists of the flags, over those of a file.
    pub(crate) fn over(&self, file: Grid) -> Grid {
        fn list<T: Clone>(flag: &[T], file: Vec<T>) -> Vec<T> {
            if flag.is_empty() { file } else { flag.to_vec() }
        }
        Grid {
            models: list(&self.models, file.models),
            methods: list(&self.methods, file.methods),
            sparsities: list(&self.sparsities, file.sparsities),
            controls: list(&self.controls, file.controls),
            sanity: self.sanity || file.sanity && self.controls.is_empty(),
            seeds: list(&self.seeds, file.seeds),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// Folders of runs, or folders that hold some, such as runs or the folder of a sweep
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// A row of comma-separated values for each run, not a table
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
    /// For each group of runs, what is left of each layer; JSON always has it
    #[arg(long, conflicts_with = "csv")]
    pub(crate) layers: bool,
    /// Print the table as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}
