//! A network refuses a layer that cannot read what comes before it, and says which and why.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use wgprune::net::{Layer, Net, Shape, by_name};

fn refusal(input: Shape, layer: Layer) -> String {
    let mut net = Net::new("net", input);
    net.push("first", layer).unwrap_err().to_string()
}

fn conv(kernel: u32, stride: u32) -> Layer {
    Layer::Conv2d {
        outputs: 4,
        kernel,
        stride,
        pad: 1,
        bias: true,
    }
}

#[test]
fn layers_that_do_not_fit_are_refused_by_name() {
    let image = Shape { h: 3, w: 4, c: 2 };
    for (layer, why) in [
        (conv(6, 1), "its window of 6x6 is larger"),
        (conv(3, 0), "its stride is 0"),
        (
            Layer::MaxPool {
                kernel: 4,
                stride: 2,
                pad: 0,
            },
            "its window of 4x4 is larger",
        ),
        (
            Layer::Linear {
                outputs: 5,
                bias: true,
            },
            "flat features",
        ),
    ] {
        let message = refusal(image, layer);
        assert!(
            message.contains("layer first of net") && message.contains(why),
            "{message}"
        );
    }
}

#[test]
fn sums_that_one_driver_would_cut_short_are_refused() {
    let wide = Shape {
        h: 257,
        w: 257,
        c: 1,
    };
    let message = by_name("lenet-300-100", wide, 10).unwrap_err().to_string();
    assert!(
        message.contains("layer fc1") && message.contains("66049 turns of a loop"),
        "{message}"
    );
    assert!(
        by_name(
            "lenet-300-100",
            Shape {
                h: 200,
                w: 200,
                c: 1
            },
            10
        )
        .is_ok()
    );
}
