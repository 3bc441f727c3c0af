//! A user's own network: a TOML list of layers.

use super::models::check_input;
use super::{Layer, Net, Shape};
use crate::error::{Error, Result};
use crate::nearest::{did_you_mean, known_names};
use serde::{Deserialize, Serialize};
use std::path::{Path, is_separator};

/// A network as a file has it: tables `[[layer]]` in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Height, width and channels of the images that `show` shows it for; a run takes those of its data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<[u32; 3]>,
    layer: Vec<Entry>,
}

/// A layer as a file has it. What its kind does not know must not be there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Entry {
    kind: String,
    /// As in parameter names; the kind with a number if it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The layer that it reads, or `image`; the one before it if it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// The layer that it adds.
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<Outputs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stride: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pad: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bias: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
}

/// A number of outputs, or the word `classes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Outputs {
    Number(u32),
    Word(String),
}

/// How layers name the image.
const IMAGE: &str = "image";

/// Kinds with the keys that each needs, and those that it knows beside them.
const KINDS: [(&str, &[&str], &[&str]); 10] = [
    ("conv2d", &["outputs", "kernel"], &["stride", "pad", "bias"]),
    ("linear", &["outputs"], &["bias"]),
    ("batch-norm", &[], &[]),
    ("relu", &[], &[]),
    ("add", &["with"], &[]),
    ("max-pool", &["kernel"], &["stride", "pad"]),
    ("avg-pool", &["kernel"], &["stride"]),
    ("global-avg-pool", &[], &[]),
    ("dropout", &["rate"], &[]),
    ("flatten", &[], &[]),
];

/// Whether this means a file, of a network or a configuration, and no name: if there is a path separator in it or `.toml`
/// at its end.
pub fn is_file(name: &str) -> bool {
    name.contains(is_separator) || name.ends_with(".toml")
}

impl Network {
    /// Reads a file; the network's name is that of the file without `.toml`.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, or has keys that no network has.
    pub fn read(file: &str) -> Result<(String, Self)> {
        let refuse = |why: String| {
            Error::config(
                format!("cannot read the network in {file}: {why}"),
                "a network is a TOML file of [[layer]] tables, each with a kind; README.md has an example",
            )
        };
        let text = std::fs::read_to_string(file).map_err(|error| refuse(error.to_string()))?;
        let network = toml::from_str(&text)
            .map_err(|error| refuse(error.to_string().trim().replace('\n', " ")))?;
        let name = Path::new(file).file_stem().unwrap_or_default();
        Ok((name.to_string_lossy().into_owned(), network))
    }

    /// The network for images of `input` and so many classes.
    ///
    /// # Errors
    /// A layer of unknown kind, with a key too few or too many, that reads a layer that is not before it, or that cannot
    /// read what it gets; a layer that none reads; an end that does not give a number for each class.
    pub fn build(&self, name: &str, input: Shape, classes: u32) -> Result<Net> {
        check_input(name, input)?;
        let mut net = Net::new(name, input);
        for (i, entry) in self.layer.iter().enumerate() {
            let layer_name = entry
                .name
                .clone()
                .unwrap_or(format!("{}{}", entry.kind, i + 1));
            let refusal = |why: String, help: String| {
                Error::config(format!("layer {layer_name} of {name} {why}"), help)
            };
            if layer_name.is_empty() || layer_name == IMAGE {
                return Err(refusal(
                    format!("cannot be named {layer_name:?}"),
                    format!("{IMAGE} is what the first layer reads; choose another name"),
                ));
            }
            if net.nodes.iter().any(|node| node.name == layer_name) {
                return Err(refusal(
                    "has the name of one before it".into(),
                    "give each layer a name of its own".into(),
                ));
            }
            if let Err((why, help)) = entry.check() {
                return Err(refusal(why, help));
            }
            let value = |wanted: &str| -> Result<usize> {
                let found = net.nodes.iter().position(|node| node.name == wanted);
                match (wanted, found) {
                    (IMAGE, _) => Ok(0),
                    (_, Some(node)) => Ok(node + 1),
                    (_, None) => {
                        let names = net.nodes.iter().map(|node| node.name.as_str());
                        let guess = did_you_mean(wanted, names);
                        Err(refusal(
                            format!("reads {wanted}, and no layer before it has that name"),
                            format!("{guess}a layer reads what is before it, or image"),
                        ))
                    }
                }
            };
            let other = entry.with.as_deref().map(value).transpose()?;
            let reads = entry.from.as_deref().map(value).transpose()?;
            let layer = entry.layer(other.unwrap_or(0), classes);
            let reads = reads.unwrap_or(net.last());
            net.push_from(&layer_name, layer, reads)
                .map_err(|mut error| {
                    "change the layer, or those before it".clone_into(&mut error.help);
                    error
                })?;
        }
        check_end(&net, classes)?;
        Ok(net)
    }
}

/// Refuses a network that could not be trained.
fn check_end(net: &Net, classes: u32) -> Result<()> {
    let refuse = |why: String, help: &str| Err(Error::config(format!("{} {why}", net.name), help));
    let Some(last) = net.nodes.last() else {
        return refuse("has no layers".into(), "write at least one [[layer]] table");
    };
    if let Some(node) = net.unread() {
        return refuse(
            format!("has a layer {} that no layer reads", node.name),
            "let a layer read it with from or with, or remove it",
        );
    }
    if last.shape != Shape::features(classes) {
        return refuse(
            format!("ends in {} of {}, not 1x1x{classes}", last.name, last.shape),
            "end it with a linear layer of outputs = \"classes\"",
        );
    }
    if !net.parameters().iter().any(super::Parameter::is_prunable) {
        return refuse("has no weights".into(), "write a conv2d or a linear layer");
    }
    Ok(())
}

impl Entry {
    /// Refuses a kind that is not known, keys that the kind needs and has not, and those that it does not know.
    fn check(&self) -> std::result::Result<(), (String, String)> {
        let kinds = KINDS.map(|(kind, ..)| kind);
        let Some((kind, needed, known)) = KINDS.iter().find(|(kind, ..)| *kind == self.kind) else {
            return Err((
                format!("is of kind {:?}", self.kind),
                known_names(&self.kind, "the kinds", kinds),
            ));
        };
        let given = [
            ("with", self.with.is_some()),
            ("outputs", self.outputs.is_some()),
            ("kernel", self.kernel.is_some()),
            ("stride", self.stride.is_some()),
            ("pad", self.pad.is_some()),
            ("bias", self.bias.is_some()),
            ("rate", self.rate.is_some()),
        ];
        let own = [*needed, *known].concat().join(", ");
        for (key, is_given) in given {
            if is_given && !needed.contains(&key) && !known.contains(&key) {
                let own = if own.is_empty() {
                    "name and from".into()
                } else {
                    own
                };
                return Err((
                    format!("has {key}, which {kind} does not know"),
                    format!("it knows {own}"),
                ));
            }
            if !is_given && needed.contains(&key) {
                return Err((
                    format!("has no {key}"),
                    format!("{kind} needs it, for example {}", example(key)),
                ));
            }
        }
        match &self.outputs {
            Some(Outputs::Word(word)) if word != "classes" => Err((
                format!("has outputs of {word:?}"),
                "write a number, or \"classes\"".into(),
            )),
            Some(Outputs::Number(0)) => {
                Err(("has no outputs".into(), "write at least outputs = 1".into()))
            }
            _ => Ok(()),
        }
    }

    /// What a checked entry stands for.
    fn layer(&self, other: usize, classes: u32) -> Layer {
        let outputs = match self.outputs {
            Some(Outputs::Number(outputs)) => outputs,
            _ => classes,
        };
        let (kernel, pad) = (self.kernel.unwrap_or(1), self.pad.unwrap_or(0));
        let bias = self.bias.unwrap_or(true);
        match self.kind.as_str() {
            "conv2d" => Layer::Conv2d {
                outputs,
                kernel,
                stride: self.stride.unwrap_or(1),
                pad,
                bias,
            },
            "linear" => Layer::Linear { outputs, bias },
            "batch-norm" => Layer::BatchNorm,
            "relu" => Layer::Relu,
            "add" => Layer::Add { other },
            "max-pool" => Layer::MaxPool {
                kernel,
                stride: self.stride.unwrap_or(kernel),
                pad,
            },
            "avg-pool" => Layer::AvgPool {
                kernel,
                stride: self.stride.unwrap_or(kernel),
            },
            "global-avg-pool" => Layer::GlobalAvgPool,
            "dropout" => Layer::Dropout {
                #[allow(
                    clippy::cast_possible_truncation,
                    reason = "a share needs no more digits"
                )]
                rate: self.rate.unwrap_or(0.5) as f32,
            },
            "flatten" => Layer::Flatten,
            kind => unreachable!("{kind} was checked"),
        }
    }
}

fn example(key: &str) -> &'static str {
    match key {
        "outputs" => "outputs = 64",
        "kernel" => "kernel = 3",
        "rate" => "rate = 0.5",
        "with" => "with = \"relu1\"",
        key => unreachable!("no layer needs {key}"),
    }
}
