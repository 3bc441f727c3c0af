//! The flags of `wgprune eval`.

use super::{DataArgs, LookArgs, MemoryArg, edits, values};
use clap::Args;
use std::path::PathBuf;
use toml::Value;

#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// Weights in safetensors form, with PyTorch's names and shapes
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Network whose weights they are
    #[arg(long, value_name = "NAME", default_value = "lenet-5")]
    pub(crate) model: String,
    /// Write the output of the network for each test image there, as safetensors
    #[arg(long, value_name = "FILE")]
    pub(crate) logits: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// A key of the configuration that says how data is read, for example data.size=96, or which kernels are taken, such as
    /// tuning.file=tuning.json, or that the network is a narrow one, prune.method=small-dense and its prune.sparsity; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = values::key_and_value)]
    pub(crate) edits: Vec<(String, Value)>,
    #[command(flatten)]
    pub(crate) memory: MemoryArg,
    #[command(flatten)]
    pub(crate) look: LookArgs,
}

impl EvalArgs {
    /// What the flags change in the configuration; a flag goes over `--set`.
    pub(crate) fn edits(&self) -> Vec<(String, Value)> {
        let batch = ("train.batch", Some(Value::Integer(self.look.batch)));
        let model = ("model", Some(self.model.as_str().into()));
        edits(
            &self.edits,
            self.data.edits().into_iter().chain([model, batch]),
        )
    }
}
