//! The VGGs of Simonyan and Zisserman 2015 (table 1), with batch norm and the small heads that CIFAR has them with.

use super::{POOL, linear};
use crate::error::Result;
use crate::net::{Layer, Net};

/// Convolutions of a group as (channels, side of the window); a max pool follows each group.
type Groups = [&'static [(u32, u32)]; 5];

/// Configuration C of the paper.
pub(super) const C: Groups = [
    &[(64, 3), (64, 3)],
    &[(128, 3), (128, 3)],
    &[(256, 3), (256, 3), (256, 1)],
    &[(512, 3), (512, 3), (512, 1)],
    &[(512, 3), (512, 3), (512, 1)],
];

/// Configuration D, VGG-16.
pub(super) const D: Groups = [
    &[(64, 3); 2],
    &[(128, 3); 2],
    &[(256, 3); 3],
    &[(512, 3); 3],
    &[(512, 3); 3],
];

/// Configuration E, VGG-19.
pub(super) const E: Groups = [
    &[(64, 3); 2],
    &[(128, 3); 2],
    &[(256, 3); 4],
    &[(512, 3); 4],
    &[(512, 3); 4],
];

/// Layers of one of PyTorch's `Sequential`s, which are named by their position.
struct Sequential<'a> {
    net: &'a mut Net,
    name: &'static str,
    next: usize,
}

impl<'a> Sequential<'a> {
    fn new(net: &'a mut Net, name: &'static str) -> Self {
        Self { net, name, next: 0 }
    }

    fn push(&mut self, layer: Layer) -> Result<&mut Self> {
        self.net
            .push(&format!("{}.{}", self.name, self.next), layer)?;
        self.next += 1;
        Ok(self)
    }
}

/// Convolutions, each with batch norm and ReLU, and a max pool after each of the first `pools` groups.
fn features(net: &mut Net, groups: &Groups, bias: bool, pools: usize) -> Result<()> {
    let mut features = Sequential::new(net, "features");
    for (i, group) in groups.iter().enumerate() {
        for &(outputs, kernel) in *group {
            let conv = Layer::Conv2d {
                outputs,
                kernel,
                stride: 1,
                pad: kernel / 2,
                bias,
            };
            features
                .push(conv)?
                .push(Layer::BatchNorm)?
                .push(Layer::Relu)?;
        }
        if i < pools {
            features.push(POOL)?;
        }
    }
    Ok(())
}

/// A mean over what is left of the image in place of the last pool, then one linear layer.
pub(super) fn with_one_linear(
    net: &mut Net,
    groups: &Groups,
    bias: bool,
    classes: u32,
) -> Result<()> {
    features(net, groups, bias, 4)?;
    net.push("avgpool", Layer::GlobalAvgPool)?;
    net.push("classifier", linear(classes))?;
    Ok(())
}

/// Hidden linear layers of 512 with batch norm, biases everywhere (Lee et al. 2019, appendix A).
pub(super) fn snip(net: &mut Net, groups: &Groups, hidden: u32, classes: u32) -> Result<()> {
    features(net, groups, true, 5)?;
    net.push("flatten", Layer::Flatten)?;
    let mut head = Sequential::new(net, "classifier");
    for _ in 0..hidden {
        head.push(linear(512))?
            .push(Layer::BatchNorm)?
            .push(Layer::Relu)?;
    }
    head.push(linear(classes))?;
    Ok(())
}

/// Dropout of one half before both linear layers.
pub(super) fn pmp_like(net: &mut Net, classes: u32) -> Result<()> {
    features(net, &D, true, 5)?;
    net.push("flatten", Layer::Flatten)?;
    let half = Layer::Dropout { rate: 0.5 };
    let mut head = Sequential::new(net, "classifier");
    head.push(half)?.push(linear(512))?.push(Layer::Relu)?;
    head.push(half)?.push(linear(classes))?;
    Ok(())
}

/// Two hidden linear layers of 512 with batch norm, and dropout before each.
pub(super) fn pmp_19(net: &mut Net, classes: u32) -> Result<()> {
    features(net, &E, true, 5)?;
    net.push("flatten", Layer::Flatten)?;
    let mut head = Sequential::new(net, "classifier");
    for _ in 0..2 {
        head.push(Layer::Dropout { rate: 0.3 })?.push(linear(512))?;
        head.push(Layer::BatchNorm)?.push(Layer::Relu)?;
    }
    head.push(linear(classes))?;
    Ok(())
}
