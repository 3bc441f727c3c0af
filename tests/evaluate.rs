//! Evaluation by itself: the score of a training session, without its memory.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use std::sync::Arc;
use wgprune::config::Config;
use wgprune::data;
use wgprune::gpu::{Gpu, Options};
use wgprune::net::by_name;
use wgprune::train::{Evaluator, ImageSet, Session};

#[test]
fn an_evaluator_scores_like_a_session_without_what_training_needs() {
    let dataset = data::open("mnist-mini", None).unwrap();
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    for model in ["lenet-300-100", "lenet-5"] {
        let net = by_name(model, dataset.input(), dataset.classes).unwrap();
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

        // Training images, gradients, velocity, and the gradient of at least one more value than the image.
        let weights: usize = values.iter().map(Vec::len).sum();
        let only_training = (6000 * 784 + 2 * 4 * weights + 4 * 96 * 300) as u64;
        let (ours, all) = (evaluator.device_bytes(), session.device_bytes());
        assert!(ours + only_training <= all, "{model}: {ours} of {all}");
    }
}
