//! Networks to look at the plans of.

#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use wgprune::net::{Layer, Model, Net, Shape, Structure, by_name};

/// These networks as they were published, for ten classes.
pub(crate) fn published(models: &[Model]) -> impl Iterator<Item = Net> {
    models
        .iter()
        .map(|model| by_name(model.name, model.input, 10).unwrap())
}

/// Those that masks of this structure fit, and a plain sum.
pub(crate) fn fitting(models: &[Model], structure: Structure) -> impl Iterator<Item = Net> {
    let all = published(models).chain([net_with_a_plain_sum()]);
    all.filter_map(move |mut net| net.fit_structure(structure).is_ok().then_some(net))
}

/// A sum that no batch norm takes along; all sums of the named networks have one in front. It reads colours, which
/// augmentation changes.
pub(crate) fn net_with_a_plain_sum() -> Net {
    let mut net = linear("sum", 3);
    net.push("sum", Layer::Add { other: 1 }).unwrap();
    net
}

/// A value that is read by two layers which are computed in one go, and one that is added to itself.
pub(crate) fn net_that_reads_twice() -> Net {
    let mut net = linear("twice", 8);
    net.push("bn", Layer::BatchNorm).unwrap();
    net.push("sum", Layer::Add { other: 1 }).unwrap();
    net.push("twice", Layer::Add { other: 3 }).unwrap();
    net
}

/// A linear layer to eight features.
fn linear(name: &str, inputs: u32) -> Net {
    let mut net = Net::new(name, Shape::features(inputs));
    let layer = Layer::Linear {
        outputs: 8,
        bias: true,
    };
    net.push("fc", layer).unwrap();
    net
}
