//! The ops that layers stand for, with the shapes of the network and of a batch.

use super::fuse::Step;
use super::record::Recorder;
use super::{Layer, Node, Shape};
use crate::ops::{AvgPool, BatchNorm, Conv2d, Dropout, Linear, MaxPool, Subsample};

/// Each asks for a node, or a step, of its kind of layer.
impl Recorder<'_> {
    pub(super) fn conv2d(&self, node: &Node) -> Conv2d {
        let Layer::Conv2d {
            outputs,
            kernel,
            stride,
            pad,
            ..
        } = node.layer
        else {
            unreachable!("{} is no convolution", node.name)
        };
        let Shape { h, w, c } = self.net.shape(node.reads);
        Conv2d {
            n: self.batch,
            h,
            w,
            c,
            k: outputs,
            kernel,
            stride,
            pad,
        }
    }

    pub(super) fn linear(&self, node: &Node) -> Linear {
        Linear {
            n: self.batch,
            c: self.net.shape(node.reads).c,
            k: node.shape.c,
        }
    }

    pub(super) fn norm(&self, step: Step) -> BatchNorm {
        let Shape { h, w, c } = self.net.nodes[step.node].shape;
        BatchNorm {
            rows: self.batch * h * w,
            c,
            relu: step.relu,
        }
    }

    pub(super) fn max_pool(&self, node: &Node) -> MaxPool {
        let Layer::MaxPool {
            kernel,
            stride,
            pad,
        } = node.layer
        else {
            unreachable!("{} is no max pool", node.name)
        };
        let Shape { h, w, c } = self.net.shape(node.reads);
        MaxPool {
            n: self.batch,
            h,
            w,
            c,
            kernel,
            stride,
            pad,
        }
    }

    pub(super) fn avg_pool(&self, node: &Node) -> AvgPool {
        let Shape { h, w, c } = self.net.shape(node.reads);
        let (window, stride) = match node.layer {
            Layer::AvgPool { kernel, stride } => ([kernel; 2], stride),
            Layer::GlobalAvgPool => ([h, w], 1),
            _ => unreachable!("{} is no average pool", node.name),
        };
        AvgPool {
            n: self.batch,
            h,
            w,
            c,
            window,
            stride,
        }
    }

    pub(super) fn subsample(&self, node: &Node) -> Subsample {
        let Layer::Subsample { outputs, stride } = node.layer else {
            unreachable!("{} is no subsampling", node.name)
        };
        let Shape { h, w, c } = self.net.shape(node.reads);
        Subsample {
            n: self.batch,
            h,
            w,
            c,
            k: outputs,
            stride,
        }
    }

    pub(super) fn dropout(&self, step: Step) -> Dropout {
        let node = &self.net.nodes[step.node];
        let Layer::Dropout { rate } = node.layer else {
            unreachable!("{} is no dropout", node.name)
        };
        let Shape { h, w, c } = node.shape;
        Dropout {
            length: self.batch * h * w * c,
            rate,
            layer: u32::try_from(step.node).expect("fewer layers than that"),
        }
    }
}
