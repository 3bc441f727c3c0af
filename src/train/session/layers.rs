//! The multiply-adds of a network, layer by layer.

use super::Session;
use crate::error::Result;
use crate::net::{Net, Parameter};
use crate::train::LayerCount;

/// The weights of a convolution or linear layer.
pub(super) struct Weights {
    parameter: Parameter,
    /// Which of the prunable tensors it is, if it is one.
    slot: Option<usize>,
    /// Multiply-adds for one image.
    macs: u64,
}

/// Those of a network, in the order of its parameters.
pub(super) fn of(net: &Net) -> Vec<Weights> {
    let mut slots = 0..;
    let with_slots = net.parameters().into_iter().map(|own| {
        let slot = own.is_prunable().then(|| slots.next()).flatten();
        (own, slot)
    });
    let weights = with_slots.filter(|(own, _)| own.is_weight());
    let with_macs = weights.filter_map(|(parameter, slot)| {
        let layer = parameter.name.strip_suffix(".weight")?;
        let node = net.nodes.iter().position(|node| node.name == layer)?;
        let macs = net.macs_of(node);
        Some(Weights {
            parameter,
            slot,
            macs,
        })
    });
    with_macs.collect()
}

impl Session {
    /// Every convolution and linear layer, where so many weights of each prunable tensor are kept.
    ///
    /// # Panics
    /// If there is no number for one of them.
    pub fn layers(&self, kept: &[u32]) -> Vec<LayerCount> {
        let count = |own: &Weights| LayerCount {
            name: own.parameter.name.clone(),
            weights: own.parameter.len(),
            kept: own.slot.map_or(own.parameter.len(), |slot| kept[slot]),
            macs: own.macs,
            on_paths: None,
        };
        self.layers.iter().map(count).collect()
    }

    /// The same, and what of each layer lies on paths by the mask that is there.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    ///
    /// # Panics
    /// As [`layers`](Self::layers).
    pub fn layers_on_paths(&self, kept: &[u32]) -> Result<Vec<LayerCount>> {
        let on_paths = self.net.on_paths(&self.masks()?);
        let mut layers = self.layers(kept);
        for (layer, on_paths) in layers.iter_mut().zip(on_paths) {
            layer.on_paths = Some(on_paths);
        }
        Ok(layers)
    }

    /// Multiply-adds of a pass forwards for one image, where so many weights of each prunable tensor are kept and nothing is
    /// computed with the others.
    ///
    /// # Panics
    /// As [`layers`](Self::layers).
    pub fn macs(&self, kept: &[u32]) -> u64 {
        self.layers(kept).iter().map(LayerCount::left).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{MODELS, by_name};

    #[test]
    fn the_layers_of_every_network_make_up_all_of_its_multiply_adds() {
        for named in MODELS {
            let net = by_name(named.name, named.input, 10).expect("a network");
            let sum: u64 = of(&net).iter().map(|weights| weights.macs).sum();
            assert_eq!(sum, net.macs(), "{}", named.name);
        }
    }
}
