//! The residual networks of He, Zhang, Ren and Sun 2016, with the names of torchvision's modules.

use crate::error::Result;
use crate::net::{Layer, Net};

/// How a block's input reaches its end where the shape changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shortcut {
    /// A 1x1 convolution with batch norm (option B of section 3.3).
    Conv,
    /// Every other pixel, and zeros as the channels that are missing (option A).
    Free,
}

fn conv(outputs: u32, kernel: u32, stride: u32) -> Layer {
    Layer::Conv2d {
        outputs,
        kernel,
        stride,
        pad: kernel / 2,
        bias: false,
    }
}

/// The first convolution.
fn stem(net: &mut Net, conv: Layer) -> Result<()> {
    net.push("conv1", conv)?;
    net.push("bn1", Layer::BatchNorm)?
        .push("relu", Layer::Relu)?;
    Ok(())
}

/// The mean of each channel, and a linear layer.
fn head(net: &mut Net, classes: u32, bias: bool) -> Result<()> {
    net.push("avgpool", Layer::GlobalAvgPool)?;
    let linear = Layer::Linear {
        outputs: classes,
        bias,
    };
    net.push("fc", linear)?;
    Ok(())
}

/// Convolutions of a block as (channels, side of the window, stride), each with batch norm, and ReLU after each but the
/// last; then the block's input is added.
fn block(net: &mut Net, name: &str, convs: &[(u32, u32, u32)], shortcut: Shortcut) -> Result<()> {
    let from = net.last();
    let stride: u32 = convs.iter().map(|(_, _, stride)| stride).product();
    let outputs = convs.last().map_or(0, |(outputs, ..)| *outputs);
    let changes = stride != 1 || net.shape(from).c != outputs;
    let mut other = from;
    if changes && shortcut == Shortcut::Free {
        net.push(
            &format!("{name}.shortcut"),
            Layer::Subsample { outputs, stride },
        )?;
        other = net.last();
    }
    let mut reads = from;
    for (i, &(outputs, kernel, stride)) in (1..).zip(convs) {
        net.push_from(
            &format!("{name}.conv{i}"),
            conv(outputs, kernel, stride),
            reads,
        )?;
        net.push(&format!("{name}.bn{i}"), Layer::BatchNorm)?;
        if i < convs.len() {
            net.push(&format!("{name}.relu{i}"), Layer::Relu)?;
        }
        reads = net.last();
    }
    if changes && shortcut == Shortcut::Conv {
        other = reads;
        net.push_from(
            &format!("{name}.downsample.0"),
            conv(outputs, 1, stride),
            from,
        )?;
        net.push(&format!("{name}.downsample.1"), Layer::BatchNorm)?;
    }
    net.push(&format!("{name}.add"), Layer::Add { other })?;
    net.push(&format!("{name}.relu"), Layer::Relu)?;
    Ok(())
}

/// Stages of so many blocks each, the first of `channels` at full resolution, each next one of twice as many at half of
/// it. `convs` gives the convolutions of a block from its channels and its stride.
fn stages<const N: usize>(
    net: &mut Net,
    channels: u32,
    blocks: &[u32],
    shortcut: Shortcut,
    convs: impl Fn(u32, u32) -> [(u32, u32, u32); N],
) -> Result<()> {
    for (stage, &blocks) in (1..).zip(blocks) {
        for i in 0..blocks {
            let stride = if stage > 1 && i == 0 { 2 } else { 1 };
            let convs = convs(channels << (stage - 1), stride);
            block(net, &format!("layer{stage}.{i}"), &convs, shortcut)?;
        }
    }
    Ok(())
}

/// A basic block.
fn basic(channels: u32, stride: u32) -> [(u32, u32, u32); 2] {
    [(channels, 3, stride), (channels, 3, 1)]
}

/// A bottleneck, which widens four times.
fn bottleneck(channels: u32, stride: u32) -> [(u32, u32, u32); 3] {
    [
        (channels, 1, 1),
        (channels, 3, stride),
        (4 * channels, 1, 1),
    ]
}

/// Three stages of (depth - 2) / 6 blocks (section 4.2).
pub(super) fn cifar(
    net: &mut Net,
    depth: u32,
    channels: u32,
    shortcut: Shortcut,
    classes: u32,
) -> Result<()> {
    stem(net, conv(channels, 3, 1))?;
    stages(net, channels, &[(depth - 2) / 6; 3], shortcut, basic)?;
    head(net, classes, true)
}

/// ResNet-18 (table 1) with the stem and the strides that CIFAR has it with.
pub(super) fn resnet_18(net: &mut Net, classes: u32) -> Result<()> {
    stem(net, conv(64, 3, 1))?;
    stages(net, 64, &[2; 4], Shortcut::Conv, basic)?;
    head(net, classes, true)
}

/// ResNet-18 as published.
pub(super) fn imagenet_18(net: &mut Net, classes: u32) -> Result<()> {
    stem(net, conv(64, 7, 2))?;
    let pool = Layer::MaxPool {
        kernel: 3,
        stride: 2,
        pad: 1,
    };
    net.push("maxpool", pool)?;
    stages(net, 64, &[2; 4], Shortcut::Conv, basic)?;
    head(net, classes, true)
}

/// ResNet-50 (table 1) with the stem of CIFAR and no bias at the end.
pub(super) fn resnet_50(net: &mut Net, classes: u32) -> Result<()> {
    stem(net, conv(64, 3, 1))?;
    stages(net, 64, &[3, 4, 6, 3], Shortcut::Conv, bottleneck)?;
    head(net, classes, false)
}
