//! Checks of the ops: what an adapter computes, against the twins in [`reference`](crate::reference).
//!
//! There is one for each op. It records the op in one [`Setting`], replays it twice, and gives a [`Finding`] for each
//! direction: the worst error as a share of its bound, whether both replays gave the same bits, and what is wrong if
//! anything is. The tests call the checks at many shapes; [`selftest`](crate::selftest) calls them at the few that
//! [`cases`] lists, on a user's adapter.

pub mod add;
pub mod avg_pool;
pub mod batch_norm;
mod bench;
pub mod clip;
pub mod conv2d;
pub mod cross_entropy;
pub mod displace;
pub mod dropout;
pub mod filter;
pub mod flow;
pub mod gather_batch;
mod inputs;
pub mod interpolate;
pub mod linear;
pub mod max_pool;
pub mod metrics;
pub mod pattern;
mod product;
pub mod prune;
pub mod regrow;
pub mod relu;
pub mod retouch;
pub mod score;
pub mod squared_error;
pub mod subsample;
pub mod update;

pub use bench::{Bench, Expected, Run};
pub use inputs::{floats, integers, step};

use crate::error::Result;
use crate::gpu::{Gpu, Tuning};
use std::sync::Arc;

/// One way to run an op.
#[derive(Clone)]
pub struct Setting {
    /// The adapter. Opened with canaries, a kernel that writes past its tensors is found too.
    pub gpu: Arc<Gpu>,
    /// Which kernels the op records.
    pub tuning: Tuning,
}

/// What a check found in one direction of an op.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// For example `forward` or `grad_weight`.
    pub direction: &'static str,
    /// Labels of the kernels that ran for it, in order.
    pub kernels: Vec<String>,
    /// The worst error of a value, as a share of its bound: 0 is exact, above 1 is wrong. Infinite where a value that
    /// must be exact is not.
    pub worst: f64,
    /// Whether both replays gave the same bits.
    pub repeats: bool,
    /// What is wrong, if anything.
    pub fault: Option<String>,
}

type Check = dyn Fn(&Setting) -> Result<Vec<Finding>>;

/// An op at one shape, for the self-test.
pub struct Case {
    /// Name of the op.
    pub op: &'static str,
    /// The shape, for people to read.
    pub shape: String,
    check: Box<Check>,
}

impl Case {
    fn new(
        op: &'static str,
        shape: impl Into<String>,
        check: impl Fn(&Setting) -> Result<Vec<Finding>> + 'static,
    ) -> Self {
        Self {
            op,
            shape: shape.into(),
            check: Box::new(check),
        }
    }

    /// Checks the op at this shape.
    ///
    /// # Errors
    /// The device was lost, or refused a kernel or the memory.
    pub fn run(&self, setting: &Setting) -> Result<Vec<Finding>> {
        (self.check)(setting)
    }
}

/// Every op at a few small shapes with edges: none is a multiple of a tile, and together they take every path of a
/// kernel. A software adapter compiles for up to seconds for each, so there are no more than that takes.
pub fn cases() -> Vec<Case> {
    let ops = [
        gather_batch::cases(),
        retouch::cases(),
        linear::cases(),
        conv2d::cases(),
        relu::cases(),
        max_pool::cases(),
        avg_pool::cases(),
        add::cases(),
        batch_norm::cases(),
        displace::cases(),
        dropout::cases(),
        subsample::cases(),
        cross_entropy::cases(),
        metrics::cases(),
        clip::cases(),
        update::cases(),
        prune::cases(),
        regrow::cases(),
        pattern::cases(),
        filter::cases(),
        score::cases(),
        flow::cases(),
        interpolate::cases(),
        squared_error::cases(),
    ];
    ops.into_iter().flatten().collect()
}
