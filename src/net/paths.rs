//! Which weights lie on a path from the image to the outputs.

use super::{Layer, Net, Node};
use serde::{Deserialize, Serialize};

/// What of a convolution or linear layer lies on paths from the image to the outputs: chains of kept weights, by channels and
/// features. A weight on none changes no output but through a bias or a shift (Vysogorets and Kempe 2021, Connectivity Matters,
/// section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnPaths {
    /// Kept weights on a path.
    pub effective: u32,
    /// Kept biases of outputs from which paths go on, if biases are pruned: one begins at each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_biases: Option<u32>,
    /// Channels or features that the layer gives.
    pub outputs: u32,
    /// Those that no path goes through: none from the image leads to them, or from them to the outputs.
    pub dead_outputs: u32,
}

/// For each value, whether each of its channels is there.
type Channels = Vec<Vec<bool>>;

impl Net {
    /// Each layer with weights, in order, where `masks` has 1 for each kept element of each parameter, in the order of
    /// [`parameters`](Self::parameters) and of files.
    ///
    /// # Panics
    /// If a parameter has no mask of its length.
    pub fn on_paths(&self, masks: &[Vec<u8>]) -> Vec<OnPaths> {
        let weights = self.masks_of_nodes(masks);
        let parameters = self.parameters();
        let kept_biases = |node: &Node| {
            let name = format!("{}.bias", node.name);
            let at = parameters
                .iter()
                .position(|own| own.name == name && own.is_prunable())?;
            Some(&masks[at])
        };
        let nodes = || self.nodes.iter().zip(&weights);
        let none = |value: usize| vec![false; self.shape(value).c as usize];

        let mut led_to: Channels = (0..=self.last()).map(none).collect();
        led_to[0].fill(true);
        for (i, (node, mask)) in nodes().enumerate() {
            let (before, own) = led_to.split_at_mut(i + 1);
            self.for_each_link(node, mask.as_deref(), |value, input, output| {
                own[0][output] |= before[value][input];
            });
        }

        let mut read: Channels = (0..=self.last()).map(none).collect();
        read[self.last()].fill(true);
        for (i, (node, mask)) in nodes().enumerate().rev() {
            let (before, own) = read.split_at_mut(i + 1);
            self.for_each_link(node, mask.as_deref(), |value, input, output| {
                before[value][input] |= own[0][output];
            });
        }

        let of = |(i, (node, mask)): (usize, (&Node, &Option<Vec<u8>>))| {
            let mask = mask.as_deref()?;
            let mut effective = 0;
            self.for_each_link(node, Some(mask), |value, input, output| {
                effective += u32::from(led_to[value][input] && read[i + 1][output]);
            });
            let count = |some: usize| u32::try_from(some).expect("no more than outputs");
            let outputs = led_to[i + 1].iter().zip(&read[i + 1]);
            let dead = outputs.filter(|(led_to, read)| !(**led_to && **read));
            let biases = kept_biases(node).map(|kept| {
                let outputs = kept.iter().zip(&read[i + 1]);
                count(outputs.filter(|(kept, read)| **kept == 1 && **read).count())
            });
            Some(OnPaths {
                effective,
                effective_biases: biases,
                outputs: node.shape.c,
                dead_outputs: count(dead.count()),
            })
        };
        nodes().enumerate().filter_map(of).collect()
    }

    /// The mask of each node's weights, in the order of the device: by rows of all outputs.
    fn masks_of_nodes(&self, masks: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
        let parameters = self.parameters();
        assert_eq!(parameters.len(), masks.len(), "a mask for each parameter");
        let mut weights = (parameters.iter().zip(masks))
            .filter(|(own, _)| own.is_weight())
            .map(|(own, mask)| own.to_device(mask));
        let of = |node: &Node| match node.layer {
            Layer::Conv2d { .. } | Layer::Linear { .. } => weights.next(),
            _ => None,
        };
        self.nodes.iter().map(of).collect()
    }

    /// Calls `visit(value, input, output)` for each channel `input` of a value that a channel `output` of the node is made of,
    /// as often as there are kept weights for it.
    fn for_each_link(
        &self,
        node: &Node,
        mask: Option<&[u8]>,
        mut visit: impl FnMut(usize, usize, usize),
    ) {
        let inputs = self.shape(node.reads).c as usize;
        let outputs = node.shape.c as usize;
        match (node.layer, mask) {
            (_, Some(mask)) => {
                for (row, weights) in mask.chunks_exact(outputs).enumerate() {
                    // A convolution has the rows of all channels for each place in its window.
                    let kept = (0..).zip(weights).filter(|(_, kept)| **kept == 1);
                    kept.for_each(|(output, _)| visit(node.reads, row % inputs, output));
                }
            }
            (Layer::Flatten, None) => {
                (0..outputs).for_each(|output| visit(node.reads, output % inputs, output));
            }
            (Layer::Subsample { .. }, None) => {
                let before = (outputs - inputs) / 2;
                (0..inputs).for_each(|input| visit(node.reads, input, before + input));
            }
            (_, None) => {
                for value in node.all_reads() {
                    (0..outputs).for_each(|channel| visit(value, channel, channel));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MODELS, Parameter, Shape, by_name};
    use super::*;

    fn full(net: &Net) -> Vec<Vec<u8>> {
        let parameters = net.parameters();
        let ones = parameters.iter().map(|own| vec![1; own.len() as usize]);
        ones.collect()
    }

    #[test]
    fn with_all_weights_all_lie_on_paths() {
        for model in MODELS {
            let net = by_name(model.name, model.input, 10).expect("a network");
            if net
                .nodes
                .iter()
                .map(|node| node.layer.weights(net.shape(node.reads)))
                .sum::<u64>()
                > 3_000_000
            {
                continue;
            }
            let masks = full(&net);
            let weights = net.parameters().into_iter().filter(Parameter::is_weight);
            let on_paths = net.on_paths(&masks);
            assert_eq!(on_paths.len(), weights.clone().count(), "{}", model.name);
            for (own, weight) in on_paths.iter().zip(weights) {
                let expected = OnPaths {
                    effective: weight.len(),
                    effective_biases: None,
                    outputs: weight.shape[0],
                    dead_outputs: 0,
                };
                assert_eq!(*own, expected, "{} of {}", weight.name, model.name);
            }
        }
    }

    /// Images of two channels and 3x3 pixels: three channels of 2x2, flattened, and two classes.
    fn small() -> Net {
        let mut net = Net::new("small", Shape { h: 3, w: 3, c: 2 });
        let conv = Layer::Conv2d {
            outputs: 3,
            kernel: 2,
            stride: 1,
            pad: 0,
            bias: true,
        };
        let linear = Layer::Linear {
            outputs: 2,
            bias: false,
        };
        let layers = [
            ("conv", conv),
            ("relu", Layer::Relu),
            ("flatten", Layer::Flatten),
            ("fc", linear),
        ];
        for (name, layer) in layers {
            net.push(name, layer).expect("it fits");
        }
        net
    }

    #[test]
    fn a_weight_counts_if_something_leads_to_it_and_something_reads_it() {
        let mut net = small();
        // conv.weight (3 outputs of 2 inputs in windows of 2x2), conv.bias, and fc.weight (2 outputs of 3 channels of 2x2).
        let mut masks = full(&net);
        // Nothing leads to channel 0, one weight of each input to channel 1, and channel 2 is read by nobody.
        masks[0] = [[0; 8], [0, 1, 0, 0, 0, 0, 1, 0], [1; 8]].concat();
        let classes = [
            [[1; 4], [0, 1, 0, 0], [0; 4]],
            [[0; 4], [1, 0, 0, 0], [0; 4]],
        ];
        masks[2] = classes.as_flattened().concat();
        let layer = |effective, outputs, dead_outputs| OnPaths {
            effective,
            effective_biases: None,
            outputs,
            dead_outputs,
        };
        assert_eq!(net.on_paths(&masks), [layer(2, 3, 2), layer(2, 2, 0)]);
        // A class that nothing leads to is dead, too.
        masks[2][12 + 4] = 0;
        assert_eq!(net.on_paths(&masks), [layer(2, 3, 2), layer(1, 2, 1)]);
        // Channel 0 is read, so that its bias counts, and that of channel 1 is gone.
        masks[1] = vec![1, 0, 1];
        net.rank_biases().expect("it has some");
        let biases = net.on_paths(&masks)[0].effective_biases;
        assert_eq!(biases, Some(1));
        // With an input that nothing reads, only the weight of the other one is left to channel 1.
        masks[0][8 + 6] = 0;
        assert_eq!(net.on_paths(&masks)[0].effective, 1);
    }

    /// Layers with dead outputs: their weights on paths, and how many outputs are dead.
    fn dead(net: &Net, masks: &[Vec<u8>]) -> Vec<(String, u32, u32)> {
        let weights = net.parameters().into_iter().filter(Parameter::is_weight);
        let layers = weights.zip(net.on_paths(masks));
        let dead = layers.filter(|(_, own)| own.dead_outputs > 0);
        dead.map(|(weight, own)| (weight.name, own.effective, own.dead_outputs))
            .collect()
    }

    #[test]
    fn a_shortcut_is_a_path() {
        let input = Shape { h: 32, w: 32, c: 3 };
        let net = by_name("resnet-20-free", input, 10).expect("a network");
        let parameters = net.parameters();
        let at = |layer: &str| {
            let name = format!("{layer}.weight");
            let at = parameters.iter().position(|own| own.name == name);
            at.expect("it is there")
        };
        let without = |layer: &str| {
            let mut masks = full(&net);
            masks[at(layer)].fill(0);
            masks
        };
        let named =
            |layer: &str, effective, outputs| (format!("{layer}.weight"), effective, outputs);
        // Without the second convolution of a block nobody reads the first one; all else goes by the shortcut.
        let found = dead(&net, &without("layer1.0.conv2"));
        let both = ["conv1", "conv2"].map(|own| named(&format!("layer1.0.{own}"), 0, 16));
        assert_eq!(found, both);
        // Where channels of zeros are added, 8 before and 8 behind, nothing leads to those without it: the block behind gives
        // to all, but of its first convolution only weights of the others count.
        let masks = without("layer2.0.conv2");
        let both = ["conv1", "conv2"].map(|own| named(&format!("layer2.0.{own}"), 0, 32));
        assert_eq!(dead(&net, &masks), both);
        let weights = parameters.iter().filter(|own| own.is_weight());
        let effective = |masks: &[Vec<u8>], layer: &str| {
            let mut layers = weights.clone().zip(net.on_paths(masks));
            let own = layers.find(|(own, _)| own.name == format!("{layer}.weight"));
            own.expect("it is there").1.effective
        };
        assert_eq!(effective(&masks, "layer2.1.conv1"), 32 * 16 * 9);
        // Of its 32 inputs, one is left: the last one before those that lead somewhere, and the first of these.
        for (input, leads) in [(7, 0), (8, 32 * 9), (23, 32 * 9), (24, 0)] {
            let mut masks = masks.clone();
            for (place, kept) in masks[at("layer2.1.conv1")].iter_mut().enumerate() {
                *kept = u8::from(place / 9 % 32 == input);
            }
            assert_eq!(effective(&masks, "layer2.1.conv1"), leads, "{input}");
        }
        assert!(
            dead(&net, &without("conv1")).len() > 2,
            "the stem leads everywhere"
        );
    }
}
