//! A network is data: layers that name what they read, with shapes and a table of parameters. No device here.

mod arena;
mod build;
mod compile;
mod init;
mod layers;
mod lenet;
mod parameter;
mod weights;

pub use arena::Placed;
pub use build::{Layer, Net, Node, Shape};
pub use compile::{Compiled, Optimiser, RECORDS, RunTensors, Settings, TEST, TRAIN, compile};
pub use init::Init;
pub use parameter::{Parameter, Role};
pub use weights::load;
pub(crate) use weights::{Entry, decode, encode, encode_weights, floats};

use crate::error::{Error, Result};
use crate::nearest::did_you_mean;

/// Names that [`by_name`] knows, with what they are.
pub const MODELS: [(&str, &str); 2] = [
    ("lenet-300-100", "three linear layers (LeCun et al. 1998)"),
    (
        "lenet-5",
        "two convolutions and two linear layers, Caffe's form of LeNet-5",
    ),
];

/// Height and width up to which a LeNet's weights can be counted in 32 bits, as kernels do.
const MAX_SIDE: u32 = 1024;

/// The network of this name for images of `input` and so many classes.
///
/// # Errors
/// An unknown name, or images too small or too large for the network.
pub fn by_name(name: &str, input: Shape, classes: u32) -> Result<Net> {
    if input.h > MAX_SIDE || input.w > MAX_SIDE {
        return Err(Error::config(
            format!("images of {input} are too large for {name}"),
            format!("scale them to at most {MAX_SIDE} x {MAX_SIDE} pixels; MNIST has 28 x 28"),
        ));
    }
    match name {
        "lenet-300-100" => lenet::lenet_300_100(input, classes),
        "lenet-5" => lenet::lenet_5(input, classes),
        _ => {
            let names: Vec<&str> = MODELS.iter().map(|(known, _)| *known).collect();
            let guess = did_you_mean(name, names.iter().copied());
            Err(Error::config(
                format!("there is no model named {name:?}"),
                format!("{guess}the models are {}", names.join(", ")),
            ))
        }
    }
}
