//! What a network is asked for while its layers are recorded.

use super::Values;
use crate::gpu::Tensor;
use crate::net::FlowTensors;

/// How layers compute that are not always the same.
#[derive(Clone, Copy)]
pub(in crate::net) enum Mode<'a> {
    /// As it learns: normalises by the batch, and drops elements.
    Train,
    /// As it is used: normalises by running statistics, and drops nothing.
    Infer,
    /// The same, where what flows is scaled on its way.
    Flow(&'a FlowTensors),
    /// Normalises by the batch, and drops nothing.
    Choose,
    /// The same, where ReLUs and max pools let pass what they let pass before, whatever they read.
    Chosen(&'a Chosen),
}

/// What a pass by [`Mode::Choose`] let pass, and the room for passes that do the same.
pub(in crate::net) struct Chosen {
    /// The values of that pass, whose winners are saved.
    pub(super) by: Values,
    /// One for each value, where a step gives it.
    pub(super) values: Values,
    /// Mean and variance of batch norms, by node.
    pub(super) saved: Vec<Vec<Tensor>>,
}

impl Mode<'_> {
    pub(super) fn flow(&self) -> Option<&FlowTensors> {
        match self {
            Self::Flow(flow) => Some(flow),
            _ => None,
        }
    }

    pub(super) fn chosen(&self) -> Option<&Chosen> {
        match self {
            Self::Chosen(chosen) => Some(chosen),
            _ => None,
        }
    }

    /// Whether elements are dropped.
    pub(super) fn drops(&self) -> bool {
        matches!(self, Self::Train)
    }

    /// Whether batch norms go by the batch.
    pub(super) fn goes_by_batch(&self) -> bool {
        matches!(self, Self::Train | Self::Choose | Self::Chosen(_))
    }
}
