//! A network on a device: what a session refuses, and what it tells of its steps.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use std::sync::Arc;
use wgprune::config::Config;
use wgprune::data::{self, Dataset, Split};
use wgprune::error::{Error, ErrorKind};
use wgprune::gpu::{Gpu, Options};
use wgprune::net::{Layer, Net, Shape, by_name};
use wgprune::ops::Fault;
use wgprune::train::{ImageSet, Readings, Session};

const INPUT: Shape = Shape { h: 28, w: 28, c: 1 };

fn gpu() -> Arc<Gpu> {
    Arc::new(Gpu::open(Options::default()).unwrap())
}

fn dataset() -> Dataset {
    data::open("mnist-mini", None).unwrap()
}

fn config() -> Config {
    let mut config = Config::default();
    config.train.batch = 32;
    config
}

/// A session of the smaller network with its initial weights.
fn session() -> Session {
    let net = by_name("lenet-300-100", INPUT, 10).unwrap();
    let mut session = Session::open(&gpu(), &net, &dataset(), &config()).unwrap();
    session.initialise(&config()).unwrap();
    session.shuffle(0);
    session
}

/// The weights of a session, in file order, without their names.
fn values(session: &Session) -> Vec<Vec<f32>> {
    let weights = session.weights().unwrap().into_iter();
    weights.map(|(_, values)| values).collect()
}

#[test]
fn an_update_that_overflows_is_a_fault_of_its_step_and_is_not_applied() {
    let mut session = session();
    let mut weights = values(&session);
    // Equal logits whatever the image, so loss and gradients are finite, and those of rare classes are positive.
    weights.last_mut().unwrap().fill(-f32::MAX);
    session.set_weights(&weights).unwrap();
    session.shuffle(0);
    session.step(0, 1e38, &config().optimiser).unwrap();
    let record = session.read_records().unwrap()[0];
    let Some(Fault::Update(position)) = record.fault() else {
        panic!("{record:?}");
    };
    assert_eq!(session.parameter_at(position), "fc3.bias");
    assert!(record.loss.is_finite());
    session.prune(0, &[1000]).unwrap();
    let values = values(&session);
    assert!(values.iter().flatten().all(|value| value.is_finite()));
    let weights = values.iter().step_by(2).flatten();
    assert_eq!(weights.filter(|&&value| value != 0.0).count(), 1000);
}

#[test]
fn one_reading_has_the_records_since_the_last_and_what_the_mask_keeps() {
    let mut session = session();
    let full = session.prunable().to_vec();
    let mut steps = 0..;
    let mut read_after = |session: &mut Session, count: usize| {
        for step in steps.by_ref().take(count) {
            session.step(step, 0.01, &config().optimiser).unwrap();
        }
        assert_eq!(session.unread() as usize, count);
        let Readings { records, kept } = session.read().unwrap();
        assert_eq!((records.len(), session.unread()), (count, 0));
        assert!(records.iter().all(|record| record.count == 32));
        kept
    };
    assert_eq!(read_after(&mut session, 0), full);
    assert_eq!(read_after(&mut session, 3), full);
    session.prune(0, &[1000]).unwrap();
    let pruned = read_after(&mut session, 2);
    assert_eq!(pruned.iter().sum::<u32>(), 1000);
    let weights = values(&session).into_iter().step_by(2);
    let nonzero = weights.map(|values| values.iter().filter(|&&value| value != 0.0).count());
    assert!(nonzero.eq(pruned.iter().map(|&kept| kept as usize)));
    session.evaluate(ImageSet::Test).unwrap();
    assert_eq!(read_after(&mut session, 0), pruned);
    // New weights come with a full mask.
    session.set_weights(&values(&session)).unwrap();
    assert_eq!(read_after(&mut session, 1), full);
}

#[test]
fn weights_that_are_not_finite_are_refused() {
    let mut session = session();
    let before = values(&session);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut weights = before.clone();
        weights[2][7] = bad;
        let error = session.set_weights(&weights).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Data);
        assert!(error.what.contains("fc2.weight"), "{error}");
    }
    assert!(values(&session) == before, "nothing was changed");
}

/// The error with which a network for images of `input` and so many classes is refused the data set.
fn refusal(input: Shape, classes: u32, dataset: &Dataset) -> Error {
    let net = by_name("lenet-5", input, classes).unwrap();
    let opened = Session::open(&gpu(), &net, dataset, &config());
    opened.err().expect("a refusal")
}

#[test]
fn a_network_for_other_images_or_classes_than_the_data_is_refused_with_both() {
    let dataset = dataset();
    let wide = Shape { w: 32, ..INPUT };
    let colour = Shape { c: 3, ..INPUT };
    for (input, classes, parts) in [
        (
            wide,
            10,
            ["lenet-5 reads images of 28x32x1", "images of 28x28x1"],
        ),
        (
            colour,
            10,
            ["lenet-5 reads images of 28x28x3", "images of 28x28x1"],
        ),
        (
            INPUT,
            7,
            [
                "gives 1x1x7",
                "mnist-mini has images of 28x28x1 in 10 classes",
            ],
        ),
    ] {
        let error = refusal(input, classes, &dataset);
        assert_eq!(error.kind, ErrorKind::Config);
        assert!(
            parts.iter().all(|part| error.what.contains(part)),
            "{error}"
        );
    }
    let mut net = Net::new("convolution", INPUT);
    let layer = Layer::Conv2d {
        outputs: 10,
        kernel: 5,
        stride: 1,
        pad: 0,
        bias: true,
    };
    net.push("conv", layer).unwrap();
    let error = Session::open(&gpu(), &net, &dataset, &config()).err();
    assert!(error.expect("a refusal").what.contains("gives 24x24x10"));
}

#[test]
fn a_data_set_that_is_not_whole_is_refused() {
    let whole = dataset();
    let [mut label, mut bytes, mut empty] = [whole.clone(), whole.clone(), whole];
    label.train.labels[5] = 10;
    bytes.test.images.pop();
    empty.test = Split::default();
    for (broken, part) in [
        (
            label,
            "training set of mnist-mini has 6000 labels, the largest 10,",
        ),
        (bytes, "test set of mnist-mini has 1000 labels"),
        (empty, "test set of mnist-mini has 0 labels"),
    ] {
        let error = refusal(INPUT, 10, &broken);
        assert_eq!(error.kind, ErrorKind::Data);
        assert!(error.what.contains(part), "{error}");
    }
}

#[test]
fn augmentation_that_the_images_cannot_have_is_refused() {
    let refusal = |set: fn(&mut Config), dataset: &Dataset| {
        let mut config = config();
        set(&mut config);
        let mut net = Net::new(
            "linear",
            Shape {
                c: dataset.channels,
                ..INPUT
            },
        );
        net.push("flatten", Layer::Flatten).unwrap();
        let linear = Layer::Linear {
            outputs: 10,
            bias: true,
        };
        net.push("fc", linear).unwrap();
        let opened = Session::open(&gpu(), &net, dataset, &config);
        opened.err().expect("a refusal").to_string()
    };
    let error = refusal(|config| config.data.crop = 28, &dataset());
    assert!(
        error.contains("data.crop is 28") && error.contains("images of 28x28"),
        "{error}"
    );
    let mut two = dataset();
    two.channels = 2;
    (two.mean, two.std) = (vec![0.5; 2], vec![0.5; 2]);
    for split in [&mut two.train, &mut two.test] {
        let twice = split.images.iter().flat_map(|&byte| [byte; 2]);
        split.images = twice.collect();
    }
    let error = refusal(|config| config.data.hue = 0.1, &two);
    assert!(
        error.contains("data.hue is 0.1") && error.contains("images of 2 channels"),
        "{error}"
    );
    let error = refusal(|config| config.data.erase = 0.5, &two);
    assert!(
        error.contains("data.erase is 0.5") && error.contains("1 or 3"),
        "{error}"
    );
}

/// The loss of the sixth step with this configuration, by when images have told in the weights.
fn sixth_loss(set: impl Fn(&mut Config)) -> f32 {
    let mut config = config();
    set(&mut config);
    let net = by_name("lenet-300-100", INPUT, 10).unwrap();
    let mut session = Session::open(&gpu(), &net, &dataset(), &config).unwrap();
    session.initialise(&config).unwrap();
    session.shuffle(0);
    for step in 0..6 {
        session.step(step, 0.05, &config.optimiser).unwrap();
    }
    session.read_records().unwrap()[5].loss
}

/// Colours that change by next to nothing take the way through both kernels and all tables to the same images.
#[test]
fn training_images_are_retouched_with_the_tables_and_the_normalisation_of_the_session() {
    let plain = sixth_loss(|_| {});
    let next_to_nothing = sixth_loss(|config| config.data.brightness = 1e-7);
    let off = (next_to_nothing / plain - 1.0).abs();
    assert!(off < 1e-4, "{next_to_nothing} is off by {off} from {plain}");
    for (what, set) in [
        (
            "contrast",
            (|config| config.data.contrast = 1.0) as fn(&mut Config),
        ),
        ("erase", |config| config.data.erase = 1.0),
    ] {
        let changed = sixth_loss(set);
        let off = (changed / plain - 1.0).abs();
        assert!(off > 1e-2, "{what}: {changed} is {plain} but for {off}");
    }
}
