//! Where the parameters lie: all in one tensor, so that one dispatch updates them and one ranking spans them.

use super::{Net, Parameter};
use crate::gpu::{Plan, Tensor, VIEW_ALIGNMENT};

/// Prunable parameters begin where their mask bits begin on a binding boundary of 256 bytes.
pub(super) const PRUNABLE_ALIGNMENT: u32 = 2048;

/// A parameter and where it lies.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Name, shapes and role.
    pub parameter: Parameter,
    /// Its values on the device.
    pub tensor: Tensor,
    /// Its first element within the tensor of all parameters.
    pub first: u32,
}

/// All parameters in one tensor, prunable ones first and running statistics last, and their gradients in another.
pub(super) struct Arena {
    pub(super) weights: Tensor,
    pub(super) gradients: Tensor,
    pub(super) parameters: Vec<Placed>,
    /// Elements up to the end of the last prunable parameter.
    pub(super) prunable: u32,
    /// Elements up to the end of the last trainable one.
    pub(super) trainable: u32,
}

/// What is pruned lies before what is only trained, and that before what is neither.
fn rank_of(parameter: &Parameter) -> usize {
    match (parameter.is_prunable(), parameter.is_trainable()) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    }
}

impl Arena {
    pub(super) fn new(net: &Net, plan: &mut Plan) -> Self {
        let parameters = net.parameters();
        let mut firsts = vec![0; parameters.len()];
        let mut end: u32 = 0;
        let mut ends = [0; 3];
        for (rank, rank_end) in ends.iter_mut().enumerate() {
            for (first, parameter) in firsts.iter_mut().zip(&parameters) {
                if rank_of(parameter) == rank {
                    *first = end;
                    let alignment = if parameter.is_prunable() {
                        PRUNABLE_ALIGNMENT
                    } else {
                        VIEW_ALIGNMENT
                    };
                    end = (end + parameter.len()).next_multiple_of(alignment);
                }
            }
            end = end.next_multiple_of(PRUNABLE_ALIGNMENT);
            *rank_end = end;
        }
        let [prunable, trainable, end] = ends;
        let weights = plan.tensor("weights", &[end]);
        let gradients = plan.tensor("gradients", &[end]);
        let parameters = parameters
            .into_iter()
            .zip(firsts)
            .map(|(parameter, first)| {
                let tensor = weights.view(&parameter.name, first, &[parameter.len()]);
                Placed {
                    parameter,
                    tensor,
                    first,
                }
            })
            .collect();
        Self {
            weights,
            gradients,
            parameters,
            prunable,
            trainable,
        }
    }

    fn placed(&self, layer: &str, kind: &str) -> Option<&Placed> {
        let name = format!("{layer}.{kind}");
        self.parameters
            .iter()
            .find(|placed| placed.parameter.name == name)
    }

    /// Values of `layer.kind`, if the layer has them.
    pub(super) fn value(&self, layer: &str, kind: &str) -> Option<Tensor> {
        self.placed(layer, kind).map(|placed| placed.tensor.clone())
    }

    /// Gradients of `layer.kind`, if the layer has them.
    pub(super) fn gradient(&self, layer: &str, kind: &str) -> Option<Tensor> {
        let placed = self.placed(layer, kind)?;
        let name = format!("{}.grad", placed.parameter.name);
        Some(
            self.gradients
                .view(name, placed.first, &placed.tensor.shape),
        )
    }

    pub(super) fn weight(&self, layer: &str) -> Tensor {
        self.value(layer, "weight").expect("a layer with a weight")
    }

    pub(super) fn weight_gradient(&self, layer: &str) -> Tensor {
        self.gradient(layer, "weight")
            .expect("a layer with a weight")
    }

    /// Scale and shift of a batch norm.
    pub(super) fn affine(&self, layer: &str) -> [Tensor; 2] {
        ["weight", "bias"].map(|kind| self.value(layer, kind).expect("a batch norm has both"))
    }

    /// Gradients of scale and shift of a batch norm.
    pub(super) fn affine_gradients(&self, layer: &str) -> [Tensor; 2] {
        ["weight", "bias"].map(|kind| self.gradient(layer, kind).expect("a batch norm has both"))
    }

    /// Running mean and variance of a batch norm.
    pub(super) fn running(&self, layer: &str) -> [Tensor; 2] {
        ["running_mean", "running_var"]
            .map(|kind| self.value(layer, kind).expect("a batch norm has both"))
    }

    /// What `layer` adds to what it reads, or subtracts from it, and where it lies.
    pub(super) fn added(&self, layer: &str) -> Vec<(u32, Tensor)> {
        let kinds = ["bias", "running_mean"].into_iter();
        let placed = kinds.filter_map(|kind| self.placed(layer, kind));
        placed
            .map(|placed| (placed.first, placed.tensor.clone()))
            .collect()
    }

    /// The part of a tensor as long as all parameters that steps change.
    pub(super) fn trained(&self, tensor: &Tensor) -> Tensor {
        tensor.view(&tensor.name, 0, &[self.trainable])
    }

    /// The part of the mask that covers those.
    pub(super) fn trained_mask(&self, mask: &Tensor) -> Tensor {
        mask.view(&mask.name, 0, &[self.trainable / 32])
    }

    /// Prunable parameters as (first element, elements with padding).
    pub(super) fn prunable_ranges(&self) -> Vec<(u32, u32)> {
        let prunable = self
            .parameters
            .iter()
            .filter(|placed| placed.parameter.is_prunable());
        prunable
            .map(|placed| {
                (
                    placed.first,
                    placed.tensor.len().next_multiple_of(PRUNABLE_ALIGNMENT),
                )
            })
            .collect()
    }
}
