//! LeNet-300-100 and LeNet-5, as data.

use super::{POOL, linear};
use crate::error::Result;
use crate::net::{Layer, Net};

/// Two hidden layers of 300 and 100 (LeCun, Bottou, Bengio, Haffner 1998, section III).
pub(super) fn lenet_300_100(net: &mut Net, classes: u32) -> Result<()> {
    net.push("flatten", Layer::Flatten)?;
    net.push("fc1", linear(300))?.push("relu1", Layer::Relu)?;
    net.push("fc2", linear(100))?.push("relu2", Layer::Relu)?;
    net.push("fc3", linear(classes))?;
    Ok(())
}

/// Caffe's form of LeNet-5: max pools, and no ReLU after the convolutions.
pub(super) fn lenet_5(net: &mut Net, classes: u32) -> Result<()> {
    let conv = |outputs| Layer::Conv2d {
        outputs,
        kernel: 5,
        stride: 1,
        pad: 0,
        bias: true,
    };
    net.push("conv1", conv(20))?.push("pool1", POOL)?;
    net.push("conv2", conv(50))?.push("pool2", POOL)?;
    net.push("flatten", Layer::Flatten)?;
    net.push("fc1", linear(500))?.push("relu1", Layer::Relu)?;
    net.push("fc2", linear(classes))?;
    Ok(())
}
