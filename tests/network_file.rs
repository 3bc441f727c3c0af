//! A user's own network from a TOML file: what it may hold, and what is refused by the name of the layer.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use std::fs;
use wgprune::config::Config;
use wgprune::net::{Layer, Net, Network, Shape, by_name, open};
use wgprune::train::Schedule;

const INPUT: Shape = Shape { h: 8, w: 8, c: 3 };

/// The network of these lines, each the body of a layer, with keys separated by semicolons.
fn network(layers: &[&str]) -> Result<Net, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let tables = layers
        .iter()
        .map(|layer| format!("[[layer]]\n{}\n", layer.replace(';', "\n")));
    fs::write(&file, tables.collect::<String>()).unwrap();
    open(file.to_str().unwrap(), INPUT, 5).map_err(|error| error.to_string())
}

const END: [&str; 2] = [
    "kind = 'global-avg-pool'",
    "kind = 'linear'; outputs = 'classes'",
];

#[test]
fn a_file_says_what_a_function_would() {
    let net = network(&[
        "kind = 'conv2d'; name = 'conv1'; outputs = 4; kernel = 3; pad = 1; bias = false",
        "kind = 'batch-norm'; name = 'bn1'",
        "kind = 'relu'; name = 'relu1'",
        "kind = 'conv2d'; outputs = 4; kernel = 1",
        "kind = 'add'; name = 'sum'; with = 'relu1'",
        "kind = 'max-pool'; name = 'pool'; kernel = 2",
        "kind = 'avg-pool'; kernel = 2; stride = 1",
        "kind = 'dropout'; rate = 0.25",
        END[0],
        END[1],
    ])
    .unwrap();
    let layers: Vec<Layer> = net.nodes.iter().map(|node| node.layer).collect();
    let conv = |kernel, pad, bias| Layer::Conv2d {
        outputs: 4,
        kernel,
        stride: 1,
        pad,
        bias,
    };
    assert_eq!(
        layers,
        [
            conv(3, 1, false),
            Layer::BatchNorm,
            Layer::Relu,
            conv(1, 0, true),
            Layer::Add { other: 3 },
            Layer::MaxPool {
                kernel: 2,
                stride: 2,
                pad: 0
            },
            Layer::AvgPool {
                kernel: 2,
                stride: 1
            },
            Layer::Dropout { rate: 0.25 },
            Layer::GlobalAvgPool,
            Layer::Linear {
                outputs: 5,
                bias: true
            },
        ]
    );
    assert_eq!(net.name, "mine");
    assert_eq!(net.nodes[3].name, "conv2d4");
    assert_eq!((net.nodes[5].shape.h, net.nodes[6].shape.h), (4, 3));
}

#[test]
fn what_does_not_fit_is_refused_with_the_layer_and_the_remedy() {
    let conv = "kind = 'conv2d'; name = 'c'; outputs = 4; kernel = 3";
    let cases: &[(&[&str], &[&str])] = &[
        (&[], &["layer"]),
        (
            &["kind = 'conv3d'"],
            &["conv3d1", "did you mean conv2d", "relu"],
        ),
        (
            &["kind = 'conv2d'; outputs = 4"],
            &["conv2d1", "no kernel", "kernel = 3"],
        ),
        (
            &["kind = 'relu'; kernel = 3"],
            &["relu1", "has kernel", "name and from"],
        ),
        (&["kind = 'relu'; colour = 3"], &["mine.toml", "colour"]),
        (
            &["kind = 'linear'; outputs = 'ten'"],
            &["linear1", "ten", "classes"],
        ),
        (&["kind = 'linear'; outputs = 0"], &["no outputs"]),
        (
            &["kind = 'linear'; outputs = 'classes'"],
            &["linear1", "8x8x3", "flat"],
        ),
        (&[conv, conv], &["layer c of mine", "name"]),
        (&["kind = 'relu'; name = 'image'"], &["cannot be named"]),
        (
            &[
                "kind = 'flatten'; name = 'row'",
                "kind = 'linear'; outputs = 192",
                "kind = 'add'; with = 'row'",
            ],
            &["add3", "row of another image"],
        ),
        (
            &[conv, "kind = 'relu'; from = 'd'"],
            &["relu2", "reads d", "image"],
        ),
        // Both shapes.
        (
            &[conv, "kind = 'add'; with = 'image'"],
            &["add2", "6x6x4", "8x8x3"],
        ),
        (
            &["kind = 'conv2d'; outputs = 4; kernel = 9"],
            &["8x8x3", "9x9"],
        ),
        (&["kind = 'conv2d'; outputs = 4; kernel = 0"], &["no side"]),
        (
            &["kind = 'conv2d'; outputs = 4; kernel = 3; pad = 4000000000"],
            &["above 1024"],
        ),
        (
            &["kind = 'max-pool'; kernel = 2; pad = 2"],
            &["padding of 2"],
        ),
        (&["kind = 'dropout'; rate = 1.0"], &["rate of 1"]),
        (
            &["kind = 'flatten'", "kind = 'linear'; outputs = 4000000000"],
            &["768000000000 weights"],
        ),
        (
            &[conv, "kind = 'global-avg-pool'; from = 'image'", END[1]],
            &["layer c ", "no layer reads"],
        ),
        (&[conv], &["ends in c of 6x6x4, not 1x1x5"]),
        (
            &[
                "kind = 'conv2d'; outputs = 5; kernel = 8",
                "kind = 'relu'; name = 'x'",
            ],
            &[],
        ),
    ];
    for (layers, parts) in cases {
        match network(layers) {
            Ok(_) => assert!(parts.is_empty(), "{layers:?} was taken"),
            Err(message) => {
                for part in *parts {
                    assert!(message.contains(part), "{layers:?}: {message}");
                }
                assert!(!parts.is_empty(), "{layers:?}: {message}");
            }
        }
    }
    let missing = open("./missing.toml", INPUT, 5).unwrap_err().to_string();
    assert!(missing.contains("missing.toml"), "{missing}");
}

#[test]
fn a_pinned_configuration_needs_the_file_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("small.toml");
    let text = "input = [28, 28, 1]\n[[layer]]\nkind = 'flatten'\n[[layer]]\nkind = 'dropout'\nrate = 0.3\n\
                [[layer]]\nkind = 'linear'\noutputs = 'classes'\n";
    fs::write(&file, text).unwrap();
    let edits = [("model".to_owned(), file.to_str().unwrap().into())];
    let config = Config::resolve(None, &edits).unwrap();
    let schedule = Schedule::new(&config, 6000).unwrap();
    let pinned = config.pin(&schedule).unwrap();
    let before = pinned.net(INPUT, 5).unwrap();
    fs::remove_file(&file).unwrap();
    let saved = folder.path().join("config.toml");
    fs::write(&saved, pinned.to_toml()).unwrap();
    assert!(
        pinned.to_toml().contains("rate = 0.3\n"),
        "{}",
        pinned.to_toml()
    );
    let again = Config::resolve(Some(&saved), &[]).unwrap();
    assert_eq!(again, pinned);
    assert_eq!(again.net(INPUT, 5).unwrap(), before);
    assert_eq!(again.model, "small");
    // A model that is asked for takes the place of the one in the file.
    let other = [("model".to_owned(), "lenet-300-100".into())];
    let other = Config::resolve(Some(&saved), &other).unwrap();
    let wanted = by_name("lenet-300-100", INPUT, 5).unwrap();
    assert_eq!(other.net(INPUT, 5).unwrap(), wanted);
    assert!(Network::read("./missing.toml").is_err());
}
