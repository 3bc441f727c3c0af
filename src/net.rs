//! A network is data: layers that name what they read, with shapes and a table of parameters. No device here.

mod arena;
mod build;
mod compile;
mod fuse;
mod init;
mod layer;
mod models;
mod parameter;
mod record;
mod weights;

pub use arena::Placed;
pub use build::{Net, Node};
pub use compile::{Compiled, Optimiser, RECORDS, RunTensors, Settings, TEST, TRAIN, compile};
pub use init::Init;
pub use layer::{Layer, Shape};
pub use models::{MODELS, Model, by_name, model};
pub use parameter::{Parameter, Role};
pub use weights::load;
pub(crate) use weights::{Entry, decode, encode, encode_weights, floats};
