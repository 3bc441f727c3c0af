//! Networks as data: what their layers may read, and how weights lie in files. No device.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use wgprune::config::Config;
use wgprune::gpu::Tuning;
use wgprune::net::{Layer, Net, Shape, by_name, compile};
use wgprune::train::settings;

const INPUT: Shape = Shape { h: 9, w: 7, c: 2 };

/// The layers in this order, named after their positions.
fn net(layers: &[Layer]) -> Net {
    let mut net = Net::new("test", INPUT);
    for (i, layer) in layers.iter().enumerate() {
        net.push(&format!("layer{i}"), *layer).unwrap();
    }
    net
}

const LINEAR: Layer = Layer::Linear {
    outputs: 3,
    bias: true,
};

fn compiles(net: &Net) {
    let settings = settings(&Config::default(), net.input.w, [1024; 2]);
    compile(net, &settings, Tuning::PORTABLE);
}

#[test]
fn the_order_of_weights_in_files_is_the_same_before_and_after_a_relu() {
    let order = |layers: &[Layer]| {
        let weight = net(layers).parameters().swap_remove(0);
        let device: Vec<u32> = (0..weight.len()).collect();
        weight.to_file(&device)
    };
    let plain = order(&[Layer::Flatten, LINEAR]);
    // Files go along the columns of one channel, the device along the outputs of one element.
    let next_column = 3 * INPUT.c;
    assert_eq!(plain[..2], [0, next_column]);
    for layers in [
        &[Layer::Relu, Layer::Flatten, LINEAR][..],
        &[Layer::Flatten, Layer::Relu, LINEAR],
        &[Layer::Flatten, Layer::Relu, Layer::Relu, LINEAR],
        &[Layer::Flatten, Layer::Relu, Layer::Flatten, LINEAR],
    ] {
        assert_eq!(order(layers), plain, "{layers:?}");
    }
}

#[test]
fn a_network_whose_layers_are_read_once_compiles() {
    compiles(&net(&[Layer::Flatten, LINEAR, Layer::Relu, LINEAR]));
    compiles(&by_name("lenet-5", Shape { h: 28, w: 28, c: 1 }, 10).unwrap());
}

#[test]
#[should_panic(expected = "layer1 of test is read by [\"layer2\", \"layer3\"]")]
fn a_second_reader_of_a_value_is_refused() {
    let mut net = net(&[Layer::Flatten, LINEAR, Layer::Relu, Layer::Relu]);
    net.nodes[3].reads = 2;
    compiles(&net);
}

#[test]
#[should_panic(expected = "layer1 of test is read by []")]
fn a_value_that_nothing_reads_is_refused() {
    let mut net = net(&[Layer::Relu, Layer::Relu, Layer::Flatten, LINEAR]);
    net.nodes[2].reads = 0;
    compiles(&net);
}
