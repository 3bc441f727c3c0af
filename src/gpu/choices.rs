//! Kernel choices for single shapes, where they were measured.

use super::Tuning;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;

/// What a layer that sums products computes: all that its time depends on beside the adapter, but for a bias, and for the
/// gradient that a layer which reads the image has no use for. The fields are those of the op of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs, reason = "crate::ops documents the same fields")]
pub enum Geometry {
    /// As [`Conv2d`](crate::ops::Conv2d).
    Conv2d {
        n: u32,
        h: u32,
        w: u32,
        c: u32,
        k: u32,
        kernel: u32,
        stride: u32,
        pad: u32,
    },
    /// As [`Linear`](crate::ops::Linear).
    Linear { n: u32, c: u32, k: u32 },
}

/// Which way through a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From its input to its output.
    Forward,
    /// From the gradient of its output to those of its weight and of its input.
    Backward,
}

/// A layer in one direction: what kernels are chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Workload(pub Geometry, pub Direction);

/// Which kernel variants a plan records: a default, and others for shapes that were measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// For all other shapes, and for all that sums no products.
    pub default: Tuning,
    /// For these.
    pub measured: HashMap<Workload, Tuning>,
}

impl Choices {
    /// What is recorded for a layer in one direction.
    pub fn tuning(&self, workload: Workload) -> Tuning {
        self.measured
            .get(&workload)
            .copied()
            .unwrap_or(self.default)
    }

    /// Every tuning that may be asked for.
    pub(super) fn all(&self) -> impl Iterator<Item = Tuning> {
        self.measured.values().copied().chain([self.default])
    }
}

impl From<Tuning> for Choices {
    fn from(default: Tuning) -> Self {
        Self {
            default,
            measured: HashMap::new(),
        }
    }
}

impl fmt::Display for Workload {
    /// For messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(geometry, direction) = self;
        let direction = match direction {
            Direction::Forward => "forward",
            Direction::Backward => "backward",
        };
        match geometry {
            Geometry::Conv2d {
                n,
                h,
                w,
                c,
                k,
                kernel,
                stride,
                pad,
            } => write!(
                f,
                "conv2d {direction}, n {n}, h {h}, w {w}, c {c}, k {k}, kernel {kernel}, stride {stride}, pad {pad}"
            ),
            Geometry::Linear { n, c, k } => write!(f, "linear {direction}, n {n}, c {c}, k {k}"),
        }
    }
}
