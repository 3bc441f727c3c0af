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
    /// Channels or features that the layer gives.
    pub outputs: u32,
    /// Those that no path goes through, because all weights that lead to them or all that read them are gone.
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
            let outputs = led_to[i + 1].iter().zip(&read[i + 1]);
            let dead = outputs.filter(|(led_to, read)| !(**led_to && **read));
            Some(OnPaths {
                effective,
                outputs: node.shape.c,
                dead_outputs: u32::try_from(dead.count()).expect("no more than outputs"),
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
                    outputs: weight.shape[0],
                    dead_outputs: 0,
                };
                assert_eq!(*own, expected, "{} of {}", weight.name, model.name);
            }
        }
    }

    /// Images of two channels and 2x2 pixels: three channels, flattened, and two classes.
    fn small() -> Net {
        let mut net = Net::new("small", Shape { h: 2, w: 2, c: 2 });
        let conv = Layer::Conv2d {
            outputs: 3,
            kernel: 1,
            stride: 1,
            pad: 0,
            bias: true,
        };
        let linear = Layer::Linear {
            outputs: 2,
            bias: false,
        };
        for (name, layer) in [
            ("conv", conv),
            ("relu", Layer::Relu),
            ("flatten", Layer::Flatten),
            ("fc", linear),
        ] {
            net.push(name, layer).expect("it fits");
        }
        net
    }

    #[test]
    fn a_weight_counts_if_something_leads_to_it_and_something_reads_it() {
        let net = small();
        // conv.weight (3 outputs of 2 inputs), conv.bias, and fc.weight (2 outputs of 3 channels of 2x2).
        let mut masks = full(&net);
        // Nothing leads to channel 0, and channel 2 is read by nobody.
        masks[0] = vec![0, 0, 1, 0, 1, 1];
        masks[2] = [
            [1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
        ]
        .concat();
        let [conv, fc] = net.on_paths(&masks)[..] else {
            panic!("two layers have weights");
        };
        assert_eq!(
            conv,
            OnPaths {
                effective: 1,
                outputs: 3,
                dead_outputs: 2
            }
        );
        assert_eq!(
            fc,
            OnPaths {
                effective: 2,
                outputs: 2,
                dead_outputs: 0
            }
        );
        // A class that nothing leads to is dead, too.
        masks[2][12 + 4] = 0;
        let last = net.on_paths(&masks)[1];
        assert_eq!((last.effective, last.dead_outputs), (1, 1));
    }

    #[test]
    fn a_shortcut_is_a_path() {
        let input = Shape { h: 32, w: 32, c: 3 };
        let net = by_name("resnet-20-free", input, 10).expect("a network");
        let parameters = net.parameters();
        let without = |layer: &str| {
            let mut masks = full(&net);
            let at = parameters
                .iter()
                .position(|own| own.name == format!("{layer}.weight"));
            masks[at.expect("it is there")].fill(0);
            let layers = net.on_paths(&masks);
            let names = net
                .nodes
                .iter()
                .filter(|node| node.layer.weights(net.shape(node.reads)) > 0);
            let dead = names.zip(layers).filter(|(_, own)| own.dead_outputs > 0);
            dead.map(|(node, own)| (node.name.clone(), own.effective, own.dead_outputs))
                .collect::<Vec<_>>()
        };
        // Without the second convolution of a block nobody reads the first one; all else goes by the shortcut.
        let block = |own: &str| format!("layer1.0.{own}");
        let dead = without(&block("conv2"));
        assert_eq!(dead, [(block("conv1"), 0, 16), (block("conv2"), 0, 16)]);
        // Where channels of zeros are added, only a convolution leads to them.
        let dead = without("layer2.0.conv2");
        assert!(dead.contains(&("layer2.0.conv1".into(), 0, 32)), "{dead:?}");
        assert!(without("conv1").len() > 2, "the stem leads everywhere");
    }
}
