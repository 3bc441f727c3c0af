//! Networks of a few layers, written where they are used.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use wgprune::config::Config;
use wgprune::net::Network;

/// A run of a network of these layers, each the keys of a table of a network file, in batches of 32.
pub(crate) fn config<const N: usize>(layers: [&str; N]) -> Config {
    let text: String = layers.map(|layer| format!("[[layer]]\n{layer}\n")).concat();
    let mut config = Config {
        network: Some(toml::from_str::<Network>(&text).unwrap()),
        model: "small".into(),
        ..Config::default()
    };
    config.train.batch = 32;
    config
}
