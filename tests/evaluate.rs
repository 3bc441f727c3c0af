//! Evaluation by itself: the score of a training session, without its memory.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use std::sync::Arc;
use wgprune::config::Config;
use wgprune::data;
use wgprune::gpu::{Gpu, Options};
use wgprune::net::{Layer, Net, Shape, by_name};
use wgprune::train::{Evaluator, ImageSet, Session};

/// Every kind of layer, with a flat view of what evaluation passes by, and a dropout at the very end.
fn net_of_everything(input: Shape, classes: u32) -> Net {
    let mut net = Net::new("everything", input);
    let conv = |outputs| Layer::Conv2d {
        outputs,
        kernel: 3,
        stride: 2,
        pad: 1,
        bias: true,
    };
    let linear = |outputs| Layer::Linear {
        outputs,
        bias: true,
    };
    let half = Layer::Dropout { rate: 0.5 };
    let pool = Layer::MaxPool {
        kernel: 2,
        stride: 2,
        pad: 0,
    };
    let mean = Layer::AvgPool {
        kernel: 2,
        stride: 1,
    };
    net.push("conv1", conv(8)).unwrap();
    let read_twice = net.last();
    net.push("bn1", Layer::BatchNorm).unwrap();
    net.push("add1", Layer::Add { other: read_twice }).unwrap();
    net.push("relu1", Layer::Relu).unwrap();
    let twice = Layer::Subsample {
        outputs: 16,
        stride: 1,
    };
    net.push("wider", twice).unwrap();
    net.push("pool", pool).unwrap().push("mean", mean).unwrap();
    net.push("drop1", half)
        .unwrap()
        .push("flatten", Layer::Flatten)
        .unwrap();
    net.push("fc1", linear(300))
        .unwrap()
        .push("bn2", Layer::BatchNorm)
        .unwrap();
    net.push("relu2", Layer::Relu).unwrap();
    net.push("fc2", linear(classes))
        .unwrap()
        .push("drop2", half)
        .unwrap();
    net
}

#[test]
fn an_evaluator_scores_like_a_session_without_what_training_needs() {
    let dataset = data::open("mnist-mini", None).unwrap();
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    let named = |name| by_name(name, dataset.input(), dataset.classes).unwrap();
    let everything = net_of_everything(dataset.input(), dataset.classes);
    for net in [named("lenet-300-100"), named("lenet-5"), everything] {
        let model = net.name.clone();
        let mut config = Config::default();
        config.train.batch = 96;
        let mut session = Session::open(&gpu, &net, &dataset, &config).unwrap();
        session.initialise(&config).unwrap();
        let wanted = session.evaluate(ImageSet::Test).unwrap();
        assert_eq!((wanted.images, wanted.batches), (1000, 11));

        let values: Vec<_> = session.weights().unwrap();
        let values: Vec<_> = values.into_iter().map(|(_, values)| values).collect();
        let evaluator = Evaluator::open(&gpu, &net, &dataset, &config).unwrap();
        assert_eq!(evaluator.score(&values).unwrap(), wanted, "{model}");
        // Asked again, it does not remember.
        assert_eq!(evaluator.score(&values).unwrap(), wanted, "{model}");

        // The outputs have the loss and the accuracy of the score, also those of the last, shorter batch.
        let logits = evaluator.logits(&values).unwrap();
        assert_eq!(logits.len(), 1000 * 10);
        let (mut loss, mut right) = (0.0, 0);
        for (row, &label) in logits.chunks(10).zip(&dataset.test.labels) {
            let own = f64::from(row[usize::from(label)]);
            let sum: f64 = row.iter().map(|&z| (f64::from(z) - own).exp()).sum();
            loss += sum.ln() / 1000.0;
            right += u32::from(row.iter().all(|&z| f64::from(z) <= own));
        }
        assert_eq!(f64::from(right) / 1000.0, wanted.accuracy(), "{model}");
        assert!((loss - wanted.loss()).abs() < 1e-5, "{model}: {loss}");

        // Training images, gradients, velocity, and the gradient of at least one more value than the image.
        let weights: usize = values.iter().map(Vec::len).sum();
        let only_training = (6000 * 784 + 2 * 4 * weights + 4 * 96 * 300) as u64;
        let (ours, all) = (evaluator.device_bytes(), session.device_bytes());
        assert!(ours + only_training <= all, "{model}: {ours} of {all}");
    }
}
