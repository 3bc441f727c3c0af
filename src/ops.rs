//! The ops. Each is a struct of geometry whose methods append dispatches to a [`Plan`](crate::gpu::Plan).
//!
//! | letter | meaning |
//! | --- | --- |
//! | `x w y` | input, weight, output; `dx dw dy` their gradients |
//! | `N H W C` | batch, height, width and channels of an input; activations lie as N·H·W·C |
//! | `P Q K` | height, width and channels of an output |
//! | `R S` | position in a window; weights lie as R·S·C·K, those of a linear layer as C·K |
//!
//! What every op keeps to:
//! * no state, no device, no memory of its own: it only records;
//! * tensors are bound in the order of the kernel's bindings, inputs first, outputs last;
//! * tensors have the lengths that the geometry asks for, or recording panics and names the one that has not: kernels
//!   run without bounds checks;
//! * a kernel sets all of its output, whatever was there before, unless [`Write`] has it add;
//! * no atomics on floats, and sums in a fixed order: one seed gives the same bits on one adapter;
//! * one name in six places: `shaders/`, `src/ops/`, `src/reference/`, `src/check/`, `tests/` and a row of
//!   `benches/kernels.rs`.

mod add;
mod avg_pool;
mod batch_norm;
mod clip;
mod conv2d;
mod cross_entropy;
mod displace;
mod dropout;
mod filter;
mod flow;
mod gather_batch;
mod interpolate;
mod linear;
mod max_pool;
mod metrics;
mod pattern;
mod product;
mod prune;
mod regrow;
mod relu;
mod retouch;
mod score;
mod squared_error;
mod step;
mod subsample;
mod update;

pub use add::Add;
pub use avg_pool::AvgPool;
pub use batch_norm::{BatchNorm, Statistics};
pub use clip::Clip;
pub use conv2d::{Conv2d, Points};
pub use cross_entropy::CrossEntropy;
pub use displace::Displace;
pub use dropout::Dropout;
pub use filter::Filter;
pub use flow::Flow;
pub use gather_batch::{Affine, Augment, Crop, GatherBatch};
pub use interpolate::Interpolate;
pub use linear::Linear;
pub use max_pool::MaxPool;
pub use metrics::{Fault, Metrics, Record};
pub use pattern::Pattern;
pub(crate) use product::LONGEST_SUM;
pub use prune::{CHUNK, Prune};
pub use regrow::{Growth, Regrow};
pub use relu::Relu;
pub use retouch::{ColorJitter, RandomErasing, Retouch};
pub use score::{Criterion, Evidence, Score};
pub use squared_error::SquaredError;
pub use step::StepParams;
pub use subsample::Subsample;
pub use update::{Adam, Sgd, UpdateTensors};

use crate::gpu::{Constant, Kernel};

/// What becomes of what an output holds already. Where a value has many readers, each adds to its gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// It is written over, whatever it is.
    Set,
    /// What is computed is added to it.
    Add,
}

impl Write {
    /// The value of a kernel's `override ADDS: bool`.
    fn constant(self) -> Constant {
        ("ADDS", (self == Self::Add).into())
    }
}

/// Positions of a window along an axis: `(extent + 2 pad - kernel) / stride + 1`; none if it does not fit.
pub(crate) fn windows(extent: u32, kernel: u32, stride: u32, pad: u32) -> Option<u32> {
    let rest = (u64::from(extent) + 2 * u64::from(pad)).checked_sub(kernel.into())?;
    let steps = rest.checked_div(stride.into())?;
    u32::try_from(steps + 1).ok().filter(|_| kernel > 0)
}

/// Numbers that one load can fetch where neighbours in memory come in stretches of so many.
fn vector_width(stretch: u32) -> u32 {
    let fits = |width: &u32| stretch.is_multiple_of(*width);
    [4, 2].into_iter().find(fits).unwrap_or(1)
}

/// The WGSL type of `width` numbers.
fn vector_type(of: &str, width: u32) -> String {
    if width == 1 {
        of.to_owned()
    } else {
        format!("vec{width}<{of}>")
    }
}

/// The kernel for vectors of `width` numbers: each name stands for vectors of its type there.
fn for_vectors(kernel: &Kernel, width: u32, names: &[(&str, &str)]) -> Kernel {
    let alias = |(name, of): &(&str, &str)| format!("alias {name} = {};\n", vector_type(of, width));
    let aliases: String = names.iter().map(alias).collect();
    kernel.with(format!("x{width}"), &aliases)
}
