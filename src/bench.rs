//! What a training step costs on an adapter, on made-up images, as a whole and launch by launch; and what the adapter
//! could do at best.

mod launch;
mod model;
mod peak;

pub use launch::{LaunchTime, launches};
pub use model::{ModelTimes, model};
pub use peak::{Peak, peak, peak_probes};

use crate::config::Config;
use crate::data::{Dataset, Split};
use crate::error::Result;
use crate::gpu::{Gpu, Kept};
use crate::net::Net;
use crate::random::{Stream, words};
use crate::train::{Session, check_batch};
use std::sync::Arc;

/// Batches of the made-up training set; that of the test is one more.
const BATCHES: u32 = 4;

/// The median of a list that is not empty.
pub fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

/// A session on made-up images at the start of its first epoch, which keeps no more than `most` from forwards to backwards,
/// and the configuration that it has: nothing is held out.
fn open(gpu: &Arc<Gpu>, net: &Net, config: &Config, most: Kept) -> Result<(Session, Config)> {
    let mut config = config.clone();
    config.data.validation = 0;
    check_batch(net, config.train.batch)?;
    let images = made_up(net, config.train.batch);
    let mut session = Session::open_keeping(gpu, net, &images, &config, most)?;
    session.initialise(&config)?;
    session.shuffle(0);
    Ok((session, config))
}

/// Random pixels in random classes, for the network.
fn made_up(net: &Net, batch: u32) -> Dataset {
    let (input, classes) = (net.input, net.classes());
    let split = |sub: u32, count: u32| {
        let bytes = count as usize * input.len() as usize;
        let draw = |i| words(0, Stream::Init, sub, i).map(u32::to_le_bytes);
        let images = (0..).flat_map(draw).flatten().take(bytes).collect();
        let label = |i: u32| words(0, Stream::Shuffle, sub, i)[0] % classes;
        #[allow(clippy::cast_possible_truncation, reason = "labels have 16 bits")]
        let labels = (0..count).map(|i| label(i) as u16).collect();
        Split { images, labels }
    };
    let channels = input.c as usize;
    Dataset {
        name: "made up".into(),
        train: split(0, BATCHES * batch),
        test: split(1, batch),
        height: input.h,
        width: input.w,
        channels: input.c,
        classes,
        mean: vec![0.5; channels],
        std: vec![0.29; channels],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Shape, by_name};

    #[test]
    fn the_median_is_the_middle_or_between_the_two() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
    }

    #[test]
    fn made_up_images_fit_the_network_and_differ() {
        let net = by_name("lenet-5", Shape { h: 28, w: 28, c: 1 }, 10).expect("a network");
        let set = made_up(&net, 5);
        assert_eq!(set.train.images.len(), 20 * 784);
        assert_eq!((set.train.len(), set.test.len()), (20, 5));
        assert!(set.train.labels.iter().all(|&label| label < 10));
        assert_ne!(set.train.images[..784], set.train.images[784..1568]);
        assert_ne!(set.train.images[..784], set.test.images[..784]);
    }
}
