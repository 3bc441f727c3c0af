//! The named networks: how many weights and multiply-adds they have, and that each can be recorded.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use wgprune::net::{MODELS, Net, Parameter, Role, Shape, by_name, model};

/// Prunable weights, all that gradients train, and multiply-adds for one image.
fn counts(net: &Net) -> [u64; 3] {
    let parameters = net.parameters();
    let sum = |is_wanted: fn(&Parameter) -> bool| -> u64 {
        let wanted = parameters.iter().filter(|parameter| is_wanted(parameter));
        wanted.map(|parameter| u64::from(parameter.len())).sum()
    };
    [
        sum(Parameter::is_prunable),
        sum(Parameter::is_trainable),
        net.macs(),
    ]
}

fn assert_counts(name: &str, classes: u32, wanted: [u64; 3]) {
    let net = by_name(name, model(name).unwrap().input, classes).unwrap();
    assert_eq!(counts(&net), wanted, "{name} with {classes} classes");
}

/// Derived by hand from the architectures, and compared with what the papers round to.
#[test]
fn the_networks_have_exactly_their_weights() {
    for (name, wanted) in [
        ("lenet-300-100", [266_200, 266_610, 266_200]),
        ("lenet-5", [430_500, 431_080, 2_293_000]),
        ("vgg-16", [14_715_584, 14_724_042, 313_201_664]),
        ("vgg-16-bias", [14_715_584, 14_728_266, 313_201_664]),
        ("vgg-19", [20_024_000, 20_035_018, 398_136_320]),
        ("vgg-19-pmp", [20_548_288, 20_567_882, 398_660_608]),
        ("vgg-like", [14_977_728, 14_991_946, 313_463_808]),
        ("vgg-like-pmp", [14_977_728, 14_990_922, 313_463_808]),
        ("vgg-c", [10_521_280, 10_537_034, 238_228_480]),
        ("vgg-d", [15_239_872, 15_255_626, 313_725_952]),
        ("resnet-18", [11_164_352, 11_173_962, 555_422_720]),
        ("resnet-20", [270_896, 272_474, 40_813_184]),
        ("resnet-20-free", [268_336, 269_722, 40_551_040]),
        ("resnet-32", [464_432, 466_906, 69_124_736]),
        ("resnet-32-wide", [1_855_584, 1_860_522, 275_612_928]),
        ("resnet-50", [23_467_712, 23_520_832, 1_297_829_888]),
    ] {
        assert_counts(name, 10, wanted);
    }
    for (name, wanted) in [
        ("vgg-19", [20_070_080, 20_081_188, 398_182_400]),
        ("resnet-18", [11_210_432, 11_220_132, 555_468_800]),
        ("resnet-32-wide", [1_867_104, 1_872_132, 275_624_448]),
    ] {
        assert_counts(name, 100, wanted);
    }
    // What torchvision and the paper say of ResNet-18 for ImageNet: 11,689,512 parameters, 1.8 billion multiply-adds.
    assert_counts(
        "resnet-18-imagenet",
        1000,
        [11_678_912, 11_689_512, 1_814_073_344],
    );
    let grey = Shape { h: 32, w: 32, c: 1 };
    let net = by_name("resnet-18", grey, 10).unwrap();
    assert_eq!(counts(&net), [11_163_200, 11_172_810, 554_243_072]);
}

#[test]
fn every_layer_is_read_and_every_name_is_its_own() {
    for model in MODELS {
        let net = by_name(model.name, model.input, 10).unwrap();
        assert_eq!(net.unread(), None);
        let mut names: Vec<_> = net.nodes.iter().map(|node| &node.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), net.nodes.len(), "{}", model.name);
        assert_eq!(net.classes(), 10);
    }
}

#[test]
fn batch_norms_keep_running_statistics_that_nothing_prunes_or_trains() {
    let net = by_name("resnet-20", model("resnet-20").unwrap().input, 10).unwrap();
    let own: Vec<_> = net
        .parameters()
        .into_iter()
        .filter(|parameter| parameter.name.starts_with("layer2.0.downsample.1."))
        .map(|p| (p.name.clone(), p.role, p.is_prunable(), p.is_trainable()))
        .collect();
    let name = |kind: &str| format!("layer2.0.downsample.1.{kind}");
    assert_eq!(
        own,
        [
            (name("weight"), Role::Scale, false, true),
            (name("bias"), Role::Shift, false, true),
            (name("running_mean"), Role::RunningMean, false, false),
            (name("running_var"), Role::RunningVariance, false, false),
        ]
    );
}
