//! A network is data: layers that name what they read, with shapes and a table of parameters. No device here.

mod arena;
mod batch;
mod build;
mod compile;
mod curvature;
mod exclude;
mod file;
mod flow;
mod fuse;
mod geometry;
mod init;
mod layer;
mod learned;
mod mask;
mod models;
mod narrow;
mod parameter;
mod paths;
mod record;
mod regression;
mod share;
mod structure;
mod weights;

pub use arena::Placed;
pub use batch::RetouchTensors;
pub use build::{Net, Node};
pub use compile::{Compiled, Optimiser, RECORDS, RunTensors, Settings, TEST, TRAIN, compile};
pub use curvature::CurvatureTensors;
pub use file::{Network, is_file};
pub use flow::FlowTensors;
pub use init::{BiasInit, Init, InitConfig, NormInit};
pub use layer::{Layer, Shape};
pub use learned::{LearnedTensors, NODES};
pub use models::{MODELS, Model, by_name, model};
pub use narrow::Whole;
pub use parameter::{Parameter, Role};
pub use paths::OnPaths;
pub use regression::{Regression, RegressionTensors, compile_regression};
pub use structure::Structure;
pub(crate) use weights::{Entry, decode, encode, encode_about, encode_weights, floats};
pub use weights::{encode_logits, load};

use crate::error::Result;

/// The network of this name or in this file, for images of `input` and so many classes.
///
/// # Errors
/// As [`by_name`] or [`Network::read`] and [`Network::build`] have it.
pub fn open(model: &str, input: Shape, classes: u32) -> Result<Net> {
    if is_file(model) {
        let (name, network) = Network::read(model)?;
        network.build(&name, input, classes)
    } else {
        by_name(model, input, classes)
    }
}
