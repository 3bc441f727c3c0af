//! The builder of networks, and what follows from the shapes alone.

use super::{Layer, Parameter, Shape, Whole};
use crate::error::{Error, Result};
use crate::ops::LONGEST_SUM;
use std::collections::BTreeMap;

/// Most weights of a layer, and most outputs for one image: kernels count them in 32 bits, as bytes too.
const MOST_ELEMENTS: u64 = 1 << 28;

/// A layer in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// As in parameter names.
    pub name: String,
    /// What it computes.
    pub layer: Layer,
    /// The value it reads: 0 is the image, `i + 1` the output of node `i`.
    pub reads: usize,
    /// Shape of its output.
    pub shape: Shape,
}

impl Node {
    /// All values that it reads: a sum reads two.
    pub(super) fn all_reads(&self) -> impl Iterator<Item = usize> + use<> {
        let other = match self.layer {
            Layer::Add { other } => Some(other),
            _ => None,
        };
        std::iter::once(self.reads).chain(other)
    }
}

/// Layers in order, the last of which gives the logits.
#[derive(Debug, Clone, PartialEq)]
pub struct Net {
    /// As users call it.
    pub name: String,
    /// Shape of the images.
    pub input: Shape,
    /// In an order in which each reads only earlier values.
    pub nodes: Vec<Node>,
    /// Names of the layers that pruning leaves as they are.
    pub(super) excluded: Vec<String>,
    /// Whether biases of the other layers are pruned with their weights.
    pub(super) ranks_biases: bool,
    /// Of layers with a sparsity of their own, the power of the others' density that theirs is.
    pub(super) powers: BTreeMap<String, f64>,
    /// What it is a narrow form of.
    pub(super) whole: Option<Whole>,
}

impl Net {
    /// A network without layers.
    pub fn new(name: &str, input: Shape) -> Self {
        Self {
            name: name.to_owned(),
            input,
            nodes: Vec::new(),
            excluded: Vec::new(),
            ranks_biases: false,
            powers: BTreeMap::new(),
            whole: None,
        }
    }

    /// The value that the last layer gives; 0, the image, where there is none.
    pub fn last(&self) -> usize {
        self.nodes.len()
    }

    /// Appends a layer that reads the last value.
    ///
    /// # Errors
    /// As [`push_from`](Self::push_from).
    pub fn push(&mut self, name: &str, layer: Layer) -> Result<&mut Self> {
        self.push_from(name, layer, self.last())
    }

    /// Appends a layer that reads the value `reads`.
    ///
    /// # Errors
    /// A window larger than its padded input, a linear layer on an image that is not flat, a sum of two shapes, or sums
    /// too long for some driver.
    ///
    /// # Panics
    /// If it reads a value that is not there yet.
    pub fn push_from(&mut self, name: &str, layer: Layer, reads: usize) -> Result<&mut Self> {
        let from = self.shape(reads);
        let refuse = |why: String| {
            Err(Error::config(
                format!("layer {name} of {} cannot read {from}: {why}", self.name),
                "choose a network made for images of this size",
            ))
        };
        let shape = match layer.output(from) {
            Ok(shape) => shape,
            Err(why) => return refuse(why),
        };
        if let Layer::Add { other } = layer
            && self.shape(other) != from
        {
            return refuse(format!("what it adds is {}", self.shape(other)));
        }
        if let Layer::Add { other } = layer
            && self.unflattened(other) != self.unflattened(reads)
        {
            return refuse("what it adds is a row of another image".into());
        }
        let elements = [shape.h, shape.w, shape.c]
            .map(u64::from)
            .iter()
            .product::<u64>();
        let weights = layer.weights(from);
        if elements.max(weights) > MOST_ELEMENTS {
            return refuse(format!(
                "it would have {weights} weights and {elements} outputs, and {MOST_ELEMENTS} are the most"
            ));
        }
        let before = self
            .nodes
            .iter()
            .map(|node| node.layer.weights(self.shape(node.reads)));
        if before.sum::<u64>() + weights > 2 * MOST_ELEMENTS {
            return refuse(format!(
                "all weights up to it are more than {}",
                2 * MOST_ELEMENTS
            ));
        }
        let turns = layer.longest_loop(from);
        if turns > LONGEST_SUM.into() {
            return refuse(format!(
                "its sums would take {turns} turns of a loop, and some drivers stop a little above {LONGEST_SUM}"
            ));
        }
        self.nodes.push(Node {
            name: name.to_owned(),
            layer,
            reads,
            shape,
        });
        Ok(self)
    }

    /// Shape of a value: 0 is the image, `i + 1` the output of node `i`.
    pub fn shape(&self, value: usize) -> Shape {
        if value == 0 {
            self.input
        } else {
            self.nodes[value - 1].shape
        }
    }

    /// Features of the output.
    pub fn classes(&self) -> u32 {
        self.shape(self.nodes.len()).c
    }

    /// The value whose memory this one is a view of: a flat row lies where its image does.
    pub fn origin(&self, value: usize) -> usize {
        match value.checked_sub(1).map(|i| &self.nodes[i]) {
            Some(node) if node.layer == Layer::Flatten => self.origin(node.reads),
            _ => value,
        }
    }

    /// The value that is the output where nothing is dropped and nothing only reshaped.
    pub(super) fn answer(&self) -> usize {
        let mut value = self.last();
        while let Some(Node {
            layer: Layer::Dropout { .. } | Layer::Flatten,
            reads,
            ..
        }) = value.checked_sub(1).map(|i| &self.nodes[i])
        {
            value = *reads;
        }
        value
    }

    /// Whether nothing passes by any layer.
    pub fn is_chain(&self) -> bool {
        !(self.nodes.iter()).any(|node| matches!(node.layer, Layer::Add { .. }))
    }

    /// The first layer but the last whose output no layer reads, if there is one.
    pub fn unread(&self) -> Option<&Node> {
        let mut read = vec![false; self.nodes.len() + 1];
        for value in self.nodes.iter().flat_map(Node::all_reads) {
            read[value] = true;
        }
        let (_, inner) = self.nodes.split_last()?;
        (1..)
            .zip(inner)
            .find_map(|(value, node)| (!read[value]).then_some(node))
    }

    /// The image that a value is a flat row of, for the order of weights in files. Walks back through layers that
    /// leave every element in its place.
    pub(super) fn unflattened(&self, value: usize) -> Shape {
        match value.checked_sub(1).map(|i| &self.nodes[i]) {
            Some(node) if node.layer.keeps_places() => self.unflattened(node.reads),
            _ => self.shape(value),
        }
    }

    /// Multiply-adds of convolutions and linear layers for one image.
    pub fn macs(&self) -> u64 {
        (0..self.nodes.len()).map(|i| self.macs_of(i)).sum()
    }

    /// Those of one node.
    pub fn macs_of(&self, i: usize) -> u64 {
        let node = &self.nodes[i];
        // Every weight has a part in every pixel of the output.
        let pixels = u64::from(node.shape.h) * u64::from(node.shape.w);
        node.layer.weights(self.shape(node.reads)) * pixels
    }

    /// Every parameter, in PyTorch's order.
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut list = Vec::new();
        for node in &self.nodes {
            let (mut weight, bias) = match node.layer {
                Layer::Conv2d {
                    outputs,
                    kernel,
                    bias,
                    ..
                } => {
                    let inputs = self.shape(node.reads).c;
                    (
                        Parameter::conv2d(&node.name, [outputs, inputs, kernel]),
                        bias,
                    )
                }
                Layer::Linear { outputs, bias } => (
                    Parameter::linear(&node.name, outputs, self.unflattened(node.reads)),
                    bias,
                ),
                Layer::BatchNorm => {
                    // Statistics of a flat row go with the pixels of its image.
                    let is_row = (node.shape.h, node.shape.w) == (1, 1);
                    let from = match is_row {
                        true => self.unflattened(node.reads),
                        false => Shape::features(node.shape.c),
                    };
                    list.extend(Parameter::batch_norm(&node.name, from));
                    continue;
                }
                _ => continue,
            };
            let mut bias = bias.then(|| Parameter::bias(&node.name, &weight));
            weight.prunable = !self.excluded.contains(&node.name);
            if let Some(bias) = &mut bias {
                bias.prunable = weight.prunable && self.ranks_biases;
            }
            list.push(weight);
            list.extend(bias);
        }
        list
    }
}
