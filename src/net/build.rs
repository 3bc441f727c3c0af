//! Layers, the builder that infers their shapes, and what follows from the shapes alone.

use super::Parameter;
use crate::error::{Error, Result};
use crate::ops::{Conv2d, LONGEST_SUM, MaxPool, windows};
use std::fmt;

/// Extent of one image or activation: H, W and C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Height.
    pub h: u32,
    /// Width.
    pub w: u32,
    /// Channels.
    pub c: u32,
}

impl Shape {
    /// Elements of one image.
    pub fn len(self) -> u32 {
        self.h * self.w * self.c
    }

    /// Whether there are no elements.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// A row of features.
    pub fn features(c: u32) -> Self {
        Self { h: 1, w: 1, c }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.h, self.w, self.c)
    }
}

/// What a node computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// Convolution with a square window.
    Conv2d {
        /// Channels of the output.
        outputs: u32,
        /// Side of the window.
        kernel: u32,
        /// Step of the window.
        stride: u32,
        /// Zeros around the input.
        pad: u32,
        /// Whether a bias is added.
        bias: bool,
    },
    /// Fully connected layer on flat features.
    Linear {
        /// Features of the output.
        outputs: u32,
        /// Whether a bias is added.
        bias: bool,
    },
    /// `max(x, 0)`.
    Relu,
    /// Maximum over a square window.
    MaxPool {
        /// Side of the window.
        kernel: u32,
        /// Step of the window.
        stride: u32,
        /// Padding, which never wins.
        pad: u32,
    },
    /// All of an image as one row of features, in PyTorch's order C, H, W for files.
    Flatten,
}

/// A layer in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// As in parameter names.
    pub name: String,
    /// What it computes.
    pub layer: Layer,
    /// The value it reads: 0 is the image, `i + 1` the output of node `i`. To be trained, a network must have exactly
    /// one reader for each output but the last.
    pub reads: usize,
    /// Shape of its output.
    pub shape: Shape,
}

/// Layers in order, the last of which gives the logits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Net {
    /// As users call it.
    pub name: String,
    /// Shape of the images.
    pub input: Shape,
    /// In an order in which each reads only earlier values.
    pub nodes: Vec<Node>,
}

impl Net {
    /// A network without layers.
    pub fn new(name: &str, input: Shape) -> Self {
        Self {
            name: name.to_owned(),
            input,
            nodes: Vec::new(),
        }
    }

    /// Appends a layer that reads the last value.
    ///
    /// # Errors
    /// A window larger than its padded input, a linear layer on an image that is not flat, or sums too long for some
    /// driver.
    pub fn push(&mut self, name: &str, layer: Layer) -> Result<&mut Self> {
        let reads = self.nodes.len();
        let from = self.shape(reads);
        let refuse = |why: String| {
            Err(Error::config(
                format!("layer {name} of {} cannot read {from}: {why}", self.name),
                "choose a network made for images of this size",
            ))
        };
        let window = |kernel: u32, stride: u32, pad: u32| {
            windows(from.h, kernel, stride, pad).zip(windows(from.w, kernel, stride, pad))
        };
        if let Layer::Conv2d { stride: 0, .. } | Layer::MaxPool { stride: 0, .. } = layer {
            return refuse("its stride is 0".to_owned());
        }
        let shape = match layer {
            Layer::Conv2d {
                kernel,
                stride,
                pad,
                ..
            }
            | Layer::MaxPool {
                kernel,
                stride,
                pad,
            } => {
                let Some((h, w)) = window(kernel, stride, pad) else {
                    return refuse(format!("its window of {kernel}x{kernel} is larger"));
                };
                let c = if let Layer::Conv2d { outputs, .. } = layer {
                    outputs
                } else {
                    from.c
                };
                Shape { h, w, c }
            }
            Layer::Linear { .. } if (from.h, from.w) != (1, 1) => {
                return refuse("a linear layer reads flat features".to_owned());
            }
            Layer::Linear { outputs, .. } => Shape::features(outputs),
            Layer::Relu => from,
            Layer::Flatten => Shape::features(from.len()),
        };
        let window_len = match layer {
            Layer::Conv2d { kernel, .. } => u64::from(kernel).pow(2),
            Layer::Linear { .. } => 1,
            _ => 0,
        };
        let terms = window_len * u64::from(from.c.max(shape.c));
        if terms > LONGEST_SUM.into() {
            return refuse(format!(
                "it would add up {terms} products, and some drivers stop at {LONGEST_SUM}"
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

    /// The geometry of a convolution node for a batch of `n`.
    pub(super) fn conv2d(&self, node: &Node, n: u32) -> Option<Conv2d> {
        let Layer::Conv2d {
            outputs,
            kernel,
            stride,
            pad,
            ..
        } = node.layer
        else {
            return None;
        };
        let Shape { h, w, c } = self.shape(node.reads);
        Some(Conv2d {
            n,
            h,
            w,
            c,
            k: outputs,
            kernel,
            stride,
            pad,
        })
    }

    /// The geometry of a pooling node for a batch of `n`.
    pub(super) fn max_pool(&self, node: &Node, n: u32) -> Option<MaxPool> {
        let Layer::MaxPool {
            kernel,
            stride,
            pad,
        } = node.layer
        else {
            return None;
        };
        let Shape { h, w, c } = self.shape(node.reads);
        Some(MaxPool {
            n,
            h,
            w,
            c,
            kernel,
            stride,
            pad,
        })
    }

    /// The image that a value is a flat row of, for the order of weights in files. Walks back through layers that
    /// leave every element in its place.
    pub(super) fn unflattened(&self, value: usize) -> Shape {
        match value.checked_sub(1).map(|i| &self.nodes[i]) {
            Some(Node {
                layer: Layer::Flatten | Layer::Relu,
                reads,
                ..
            }) => self.unflattened(*reads),
            _ => self.shape(value),
        }
    }

    /// Multiply-adds of convolutions and linear layers for one image.
    pub fn macs(&self) -> u64 {
        let of_node = |node: &Node| match node.layer {
            Layer::Linear { outputs, .. } => {
                u64::from(self.shape(node.reads).c) * u64::from(outputs)
            }
            _ => self
                .conv2d(node, 1)
                .map_or(0, |conv| u64::from(conv.y_len()) * u64::from(conv.taps())),
        };
        self.nodes.iter().map(of_node).sum()
    }

    /// Every parameter, in PyTorch's order.
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut list = Vec::new();
        for node in &self.nodes {
            let (weight, bias) = match node.layer {
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
                _ => continue,
            };
            let bias = bias.then(|| Parameter::bias(&node.name, &weight));
            list.push(weight);
            list.extend(bias);
        }
        list
    }
}
