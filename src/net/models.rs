//! The networks that have names.
//!
//! A network is a row of [`MODELS`] and a function that pushes its layers, whose names are those of PyTorch's modules.

mod lenet;
mod resnet;
mod vgg;

use super::{Layer, Net, Shape};
use crate::error::{Error, Result};
use crate::nearest::known_names;

/// A network with a name.
pub struct Model {
    /// What `--model` takes.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// The images that it was published for.
    pub input: Shape,
    build: fn(&mut Net, u32) -> Result<()>,
}

const MNIST: Shape = Shape { h: 28, w: 28, c: 1 };
const CIFAR: Shape = Shape { h: 32, w: 32, c: 3 };
const IMAGENET: Shape = Shape {
    h: 224,
    w: 224,
    c: 3,
};

/// A pool that halves height and width.
const POOL: Layer = Layer::MaxPool {
    kernel: 2,
    stride: 2,
    pad: 0,
};

fn linear(outputs: u32) -> Layer {
    Layer::Linear {
        outputs,
        bias: true,
    }
}

/// `row!(name, input, about, build)`
macro_rules! row {
    ($name:literal, $input:ident, $about:literal, $build:expr_2021) => {
        Model {
            name: $name,
            about: $about,
            input: $input,
            build: $build,
        }
    };
}

use resnet::{Shortcut, cifar, imagenet_18, resnet_18, resnet_50};
use vgg::{C, D, E, pmp_19, pmp_like, snip, with_one_linear};

/// Every network that has a name.
#[rustfmt::skip]
pub const MODELS: &[Model] = &[
    row!("lenet-300-100", MNIST, "three linear layers (LeCun et al. 1998)", lenet::lenet_300_100),
    row!("lenet-5", MNIST, "two convolutions and two linear layers, Caffe's form of LeNet-5", lenet::lenet_5),
    row!("vgg-16", CIFAR, "13 convolutions with batch norm, one linear layer", |net, k| with_one_linear(net, &D, false, k)),
    row!("vgg-16-bias", CIFAR, "vgg-16 whose convolutions have biases, as in open_lth", |net, k| with_one_linear(net, &D, true, k)),
    row!("vgg-19", CIFAR, "16 convolutions with batch norm, one linear layer, as in GraSP and GraNet", |net, k| with_one_linear(net, &E, false, k)),
    row!("vgg-19-pmp", CIFAR, "vgg-19 with biases, dropout and three linear layers, as in progressive magnitude pruning", pmp_19),
    row!("vgg-like", CIFAR, "13 convolutions, two linear layers, batch norm after all but the last, as in SNIP", |net, k| snip(net, &D, 1, k)),
    row!("vgg-like-pmp", CIFAR, "13 convolutions, dropout and two linear layers, as in progressive magnitude pruning", pmp_like),
    row!("vgg-c", CIFAR, "vgg-d with the third convolution of three groups 1x1, as in SNIP", |net, k| snip(net, &C, 2, k)),
    row!("vgg-d", CIFAR, "13 convolutions, three linear layers, batch norm after all but the last, as in SNIP", |net, k| snip(net, &D, 2, k)),
    row!("resnet-18", CIFAR, "the residual network for CIFAR with 64 to 512 channels", resnet_18),
    row!("resnet-18-imagenet", IMAGENET, "resnet-18 with a 7x7 stem and a max pool (He et al. 2016)", imagenet_18),
    row!("resnet-20", CIFAR, "16 to 64 channels, 1x1 convolutions as shortcuts (He et al. 2016, section 4.2)", |net, k| cifar(net, 20, 16, Shortcut::Conv, k)),
    row!("resnet-32", CIFAR, "as resnet-20, with 32 layers", |net, k| cifar(net, 32, 16, Shortcut::Conv, k)),
    row!("resnet-56", CIFAR, "as resnet-20, with 56 layers", |net, k| cifar(net, 56, 16, Shortcut::Conv, k)),
    row!("resnet-20-wide", CIFAR, "resnet-20 of double width", |net, k| cifar(net, 20, 32, Shortcut::Conv, k)),
    row!("resnet-32-wide", CIFAR, "resnet-32 of double width, as in GraSP", |net, k| cifar(net, 32, 32, Shortcut::Conv, k)),
    row!("resnet-56-wide", CIFAR, "resnet-56 of double width", |net, k| cifar(net, 56, 32, Shortcut::Conv, k)),
    row!("resnet-20-free", CIFAR, "resnet-20 with shortcuts that have no parameters", |net, k| cifar(net, 20, 16, Shortcut::Free, k)),
    row!("resnet-32-free", CIFAR, "resnet-32 with shortcuts that have no parameters", |net, k| cifar(net, 32, 16, Shortcut::Free, k)),
    row!("resnet-56-free", CIFAR, "resnet-56 with shortcuts that have no parameters", |net, k| cifar(net, 56, 16, Shortcut::Free, k)),
    row!("resnet-50", CIFAR, "bottlenecks of 64 to 512 channels for CIFAR, as in GraNet", resnet_50),
];

/// Height and width up to which all weights can be counted in 32 bits, as kernels do.
const MAX_SIDE: u32 = 1024;

/// The row of a network.
///
/// # Errors
/// An unknown name.
pub fn model(name: &str) -> Result<&'static Model> {
    MODELS
        .iter()
        .find(|model| model.name == name)
        .ok_or_else(|| {
            let names: Vec<&str> = MODELS.iter().map(|model| model.name).collect();
            Error::config(
                format!("there is no model named {name:?}"),
                known_names(name, "the models", names),
            )
        })
}

/// Refuses images that the network could not count the pixels of, or that have none.
pub(super) fn check_input(name: &str, input: Shape) -> Result<()> {
    let sides = [input.h, input.w, input.c];
    if sides.iter().all(|side| (1..=MAX_SIDE).contains(side)) {
        return Ok(());
    }
    let size = if sides.contains(&0) { "small" } else { "large" };
    Err(Error::config(
        format!("images of {input} are too {size} for {name}"),
        format!("scale them to at most {MAX_SIDE} x {MAX_SIDE} pixels; MNIST has 28 x 28"),
    ))
}

/// The network of this name for images of `input` and so many classes.
///
/// # Errors
/// An unknown name, or images too small or too large for the network.
pub fn by_name(name: &str, input: Shape, classes: u32) -> Result<Net> {
    check_input(name, input)?;
    let model = model(name)?;
    let mut net = Net::new(name, input);
    (model.build)(&mut net, classes)?;
    Ok(net)
}
