//! What weights are removed together, and which layers that fits.

use super::{Net, Parameter};
use crate::as_text::as_text;
use crate::error::{Error, Result};
use crate::ops::{Filter, Pattern};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Most neighbours in a pattern, each of which a kernel compares with all others: see
/// [`LONGEST_SUM`](crate::ops::LONGEST_SUM).
const LARGEST_PATTERN: u32 = 128;

/// The shape of a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Structure {
    /// `none`: each weight by itself.
    None,
    /// `2:4`: in the end, of so many neighbours along the inputs of an output exactly so many are left. Neighbours are those
    /// of a linear layer's row, and those at one position of a convolution's window in neighbouring channels.
    Pattern {
        /// Of them, those that are left.
        kept: u32,
        /// Neighbours.
        size: u32,
    },
    /// `filter`: all weights of an output at once.
    Filter,
}

impl Structure {
    /// The share of weights that a pattern removes in the end.
    pub fn sparsity(self) -> Option<f64> {
        match self {
            Self::Pattern { kept, size } => Some(f64::from(size - kept) / f64::from(size)),
            Self::None | Self::Filter => None,
        }
    }

    /// How many weights of a prunable tensor stay or go together.
    pub fn unit(self, parameter: &Parameter) -> u32 {
        match self {
            Self::Filter => parameter.filter().inputs,
            Self::None | Self::Pattern { .. } => 1,
        }
    }
}

impl FromStr for Structure {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let numbers = text
            .split_once(':')
            .and_then(|(kept, size)| Some((kept.trim().parse().ok()?, size.trim().parse().ok()?)));
        match (text.trim(), numbers) {
            ("none", _) => Ok(Self::None),
            ("filter", _) => Ok(Self::Filter),
            (_, Some((kept, size))) if 0 < kept && kept < size && size <= LARGEST_PATTERN => {
                Ok(Self::Pattern { kept, size })
            }
            (_, Some(_)) => Err(format!(
                "{text:?} is no pattern: of N:M, such as 2:4, N is from 1 to below M, and M at most {LARGEST_PATTERN}"
            )),
            _ => Err(format!(
                "{text:?} is no structure of masks: they are none, filter, and patterns N:M such as 2:4"
            )),
        }
    }
}

impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Pattern { kept, size } => write!(f, "{kept}:{size}"),
            Self::Filter => f.write_str("filter"),
        }
    }
}

as_text!(Structure);

impl Parameter {
    /// The filters of a weight.
    pub(super) fn filter(&self) -> Filter {
        Filter {
            filters: self.shape[0],
            inputs: self.len() / self.shape[0],
        }
    }

    /// A pattern along the inputs of a weight.
    pub(super) fn pattern(&self, kept: u32, size: u32) -> Pattern {
        let [channels, positions] = self.inputs();
        Pattern {
            outputs: self.shape[0],
            channels,
            positions,
            kept,
            size,
        }
    }
}

impl Net {
    /// Has the layers to prune be those that masks of this structure fit. Where filters are removed, those that no other
    /// layer with weights follows are left out, as their outputs are the classes.
    ///
    /// # Errors
    /// The neighbours of a pattern do not divide the inputs of a layer, or no layer is left to prune.
    pub fn fit_structure(&mut self, structure: Structure) -> Result<()> {
        match structure {
            Structure::None => Ok(()),
            Structure::Pattern { size, .. } => self.check_pattern(structure, size),
            Structure::Filter => {
                for name in self.answering() {
                    if !self.excluded.contains(&name) {
                        self.excluded.push(name);
                    }
                }
                if self.parameters().iter().any(Parameter::is_prunable) {
                    return Ok(());
                }
                Err(Error::config(
                    format!(
                        "prune.structure is filter, which leaves no layer of {} to prune: the outputs of the last one are the classes",
                        self.name
                    ),
                    "leave out fewer layers with prune.exclude, or set prune.structure to none",
                ))
            }
        }
    }

    fn check_pattern(&self, structure: Structure, size: u32) -> Result<()> {
        let parameters = self.parameters();
        let misfits: Vec<(&str, u32)> = (parameters.iter())
            .filter(|own| own.is_prunable() && !own.shape[1].is_multiple_of(size))
            .map(|own| {
                let layer = own.name.strip_suffix(".weight").unwrap_or(&own.name);
                (layer, own.shape[1])
            })
            .collect();
        if misfits.is_empty() {
            return Ok(());
        }
        let told: Vec<String> = (misfits.iter())
            .map(|(layer, inputs)| format!("{layer} ({inputs})"))
            .collect();
        let dense = self.excluded.iter().map(String::as_str);
        let dense: Vec<&str> = dense.chain(misfits.iter().map(|misfit| misfit.0)).collect();
        Err(Error::config(
            format!(
                "prune.structure is {structure}, but {size} does not divide the inputs of {}",
                told.join(", ")
            ),
            format!(
                "leave them dense, with --set 'prune.exclude={dense:?}', or choose another M of N:M"
            ),
        ))
    }

    /// Names of the layers with weights that no other one follows.
    pub(super) fn answering(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut values = vec![self.last()];
        while let Some(value) = values.pop() {
            let Some(node) = value.checked_sub(1).map(|i| &self.nodes[i]) else {
                continue;
            };
            if node.kind().is_some() {
                names.push(node.name.clone());
            } else {
                values.extend(node.all_reads());
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Network, Shape, by_name};

    #[test]
    fn structures_are_read_as_they_are_written() {
        for text in ["none", "2:4", "1:128", "filter"] {
            let structure: Structure = text.parse().expect(text);
            assert_eq!(structure.to_string(), text);
        }
        for text in ["", "2", "4:4", "0:4", "2:129", "-1:4", "2:4:8", "filters"] {
            let why = text.parse::<Structure>().expect_err(text);
            assert!(why.contains("2:4"), "{why}");
        }
    }

    #[test]
    fn a_pattern_that_does_not_divide_is_refused_with_all_layers() {
        let mut net = by_name("resnet-20", Shape { h: 32, w: 32, c: 3 }, 10).expect("a network");
        net.exclude(&["fc".into()]).expect("a layer");
        let error = net.fit_structure("2:4".parse().expect("a pattern"));
        let error = error.expect_err("three channels");
        assert!(error.what.ends_with("the inputs of conv1 (3)"), "{error}");
        assert!(
            error.help.contains("prune.exclude=[\"fc\", \"conv1\"]"),
            "{error}"
        );
        net.exclude(&["fc".into(), "conv1".into()]).expect("layers");
        let fits = |net: &mut Net, text: &str| net.fit_structure(text.parse().expect("a pattern"));
        fits(&mut net, "2:4").expect("all others have 16 channels or more");
        assert!(fits(&mut net, "1:32").is_err());
    }

    #[test]
    fn what_gives_the_classes_keeps_its_outputs() {
        let left_out = |text: &str| {
            let network: Network = toml::from_str(text).expect("a network");
            let mut net =
                (network.build("small", Shape { h: 8, w: 8, c: 4 }, 10)).expect("it fits");
            net.fit_structure(Structure::Filter).map(|()| net.excluded)
        };
        let layer = |kind: &str| format!("[[layer]]\nkind = {kind}\n");
        let first = layer("'conv2d'\nname = 'first'\noutputs = 4\nkernel = 1");
        let last = layer("'conv2d'\nname = 'last'\noutputs = 10\nkernel = 1");
        let pool = layer("'global-avg-pool'");
        let both = format!("{first}{last}{pool}");
        assert_eq!(left_out(&both).expect("first is left"), ["last"]);
        let error = left_out(&format!("{last}{pool}")).expect_err("nothing left");
        assert!(
            error.what.contains("the outputs of the last one"),
            "{error}"
        );
    }
}
