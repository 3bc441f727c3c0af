//! What a layer computes, and the shape that follows.

use crate::ops::windows;
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

/// Largest side of a window, stride and padding, so that products of them stay within 64 bits.
const MOST: u32 = 1024;

/// What a node computes.
#[derive(Debug, Clone, Copy, PartialEq)]
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
    /// Normalisation of each channel by the batch's mean and variance, then a scale and a shift that are learnt
    /// (Ioffe and Szegedy 2015, algorithm 1).
    BatchNorm,
    /// `max(x, 0)`.
    Relu,
    /// The sum of what it reads and another value of the same shape.
    Add {
        /// The other value, counted as [`Node::reads`](super::Node::reads).
        other: usize,
    },
    /// Maximum over a square window.
    MaxPool {
        /// Side of the window.
        kernel: u32,
        /// Step of the window.
        stride: u32,
        /// Padding, which never wins.
        pad: u32,
    },
    /// Mean over a square window.
    AvgPool {
        /// Side of the window.
        kernel: u32,
        /// Step of the window.
        stride: u32,
    },
    /// Mean over each channel.
    GlobalAvgPool,
    /// Every `stride`-th pixel, with as many channels of zeros before as behind until there are `outputs` (He et al. 2016,
    /// section 3.3, option A).
    Subsample {
        /// Channels of the output.
        outputs: u32,
        /// Step along both axes.
        stride: u32,
    },
    /// Zero in place of a random share of the elements, and the rest scaled such that the mean stays; only while it
    /// trains (Srivastava et al. 2014, section 10).
    Dropout {
        /// The share, below 1.
        rate: f32,
    },
    /// All of an image as one row of features, in PyTorch's order C, H, W for files.
    Flatten,
}

impl Layer {
    /// Shape of the output for an input of `from`.
    ///
    /// # Errors
    /// Why the layer cannot read it.
    pub(super) fn output(&self, from: Shape) -> Result<Shape, String> {
        let window = |kernel: u32, stride: u32, pad: u32, c: u32| {
            if stride == 0 {
                return Err("its stride is 0".to_owned());
            }
            if kernel == 0 {
                return Err("its window has no side".to_owned());
            }
            if kernel.max(stride).max(pad) > MOST {
                return Err(format!("a window, a stride or a padding is above {MOST}"));
            }
            let sides =
                windows(from.h, kernel, stride, pad).zip(windows(from.w, kernel, stride, pad));
            let (h, w) = sides.ok_or(format!("its window of {kernel}x{kernel} is larger"))?;
            Ok(Shape { h, w, c })
        };
        match *self {
            Self::Conv2d {
                outputs,
                kernel,
                stride,
                pad,
                ..
            } => window(kernel, stride, pad, outputs),
            Self::MaxPool { kernel, pad, .. } if 2 * u64::from(pad) > kernel.into() => Err(
                format!("its padding of {pad} is more than half its window of {kernel}x{kernel}"),
            ),
            Self::MaxPool {
                kernel,
                stride,
                pad,
            } => window(kernel, stride, pad, from.c),
            Self::AvgPool { kernel, stride } => window(kernel, stride, 0, from.c),
            Self::Subsample { outputs, .. } if outputs < from.c => {
                Err(format!("its {outputs} channels are fewer"))
            }
            Self::Subsample { outputs, stride } => window(1, stride, 0, outputs),
            Self::GlobalAvgPool => Ok(Shape::features(from.c)),
            Self::Linear { .. } if (from.h, from.w) != (1, 1) => {
                Err("a linear layer reads flat features".to_owned())
            }
            Self::Linear { outputs, .. } => Ok(Shape::features(outputs)),
            Self::Dropout { rate } if !(0.0..1.0).contains(&rate) => {
                Err(format!("its rate of {rate} is not below 1"))
            }
            Self::BatchNorm | Self::Relu | Self::Add { .. } | Self::Dropout { .. } => Ok(from),
            Self::Flatten => Ok(Shape::features(from.len())),
        }
    }

    /// Weights, biases left out.
    pub(super) fn weights(&self, from: Shape) -> u64 {
        match *self {
            Self::Conv2d {
                kernel, outputs, ..
            } => u64::from(kernel).pow(2) * u64::from(from.c) * u64::from(outputs),
            Self::Linear { outputs, .. } => u64::from(from.c) * u64::from(outputs),
            _ => 0,
        }
    }

    /// Turns of the loops of an invocation that adds up the inputs of an output, or the outputs of an input's gradient,
    /// whichever are more; 0 where there is no such sum.
    pub(super) fn longest_loop(&self, from: Shape) -> u64 {
        match *self {
            Self::Conv2d {
                kernel, outputs, ..
            } => u64::from(kernel).pow(2) * (2 + u64::from(from.c.max(outputs))),
            Self::MaxPool { kernel, .. } => u64::from(kernel).pow(2),
            Self::Linear { outputs, .. } => from.c.max(outputs).into(),
            Self::GlobalAvgPool => u64::from(from.h) * u64::from(from.w),
            Self::AvgPool { kernel, .. } => u64::from(kernel).pow(2),
            _ => 0,
        }
    }

    /// Whether each element of the output is made from that in the same place, so that a flat row stays in its order.
    pub(super) fn keeps_places(&self) -> bool {
        matches!(
            self,
            Self::Flatten | Self::Relu | Self::BatchNorm | Self::Dropout { .. } | Self::Add { .. }
        )
    }
}
