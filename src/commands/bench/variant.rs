//! The variants that `bench kernel` goes through.

use std::sync::Arc;
use wgprune::bench::{LaunchTime, launches};
use wgprune::config::{Config, ProductKind};
use wgprune::error::Result;
use wgprune::gpu::{Gpu, Kept};
use wgprune::net::Net;
use wgprune::train::choices;

/// The launches of a step with the kernels of one variant.
pub(super) struct Variant {
    pub(super) name: String,
    /// With a `[tuning]` of its own.
    pub(super) config: Config,
    pub(super) launches: Vec<LaunchTime>,
}

impl Variant {
    /// Whether a tuning file decided; then shapes differ in what computes them.
    pub(super) fn is_from_file(&self) -> bool {
        self.config.tuning.measured.is_some()
    }
}

/// The kind of product that an adapter takes by default; `auto` if it is none of the other kinds.
pub(super) fn default_kind(gpu: &Gpu) -> ProductKind {
    let kinds = [ProductKind::Block, ProductKind::Tiles, ProductKind::Lanes];
    let mut config = Config::default();
    let is_default = |kind: &ProductKind| {
        config.tuning.product = *kind;
        choices(&config, gpu).is_ok_and(|choices| choices.default == gpu.tuning)
    };
    kinds
        .into_iter()
        .find(is_default)
        .unwrap_or(ProductKind::Auto)
}

/// A product of each kind that the adapter can run, and where Winograd's algorithm is used, once more without it. What
/// the adapter takes by default comes by itself if it is none of these, and so does what a tuning file decides.
///
/// All are measured twice, there and back, and the quicker time of a launch counts: what slows the machine down for a
/// minute then decides nothing.
pub(super) fn variants(
    gpu: &Arc<Gpu>,
    net: &Net,
    config: &Config,
    repeats: u32,
    most: Kept,
) -> Result<Vec<Variant>> {
    let is_usual = default_kind(gpu) == ProductKind::Auto;
    let kinds = [
        ("default", ProductKind::Auto, is_usual),
        ("block", ProductKind::Block, true),
        ("tiles", ProductKind::Tiles, true),
        ("lanes", ProductKind::Lanes, gpu.adapter.lanes().is_some()),
    ];
    let chosen = config.tuning.product;
    let wanted = kinds
        .into_iter()
        .filter(|&(_, kind, is_there)| match chosen {
            ProductKind::Auto => is_there,
            chosen => kind == chosen,
        });
    let measure = |config: &Config| launches(gpu, net, config, repeats, most);
    let variant = |name: String, config: Config| -> Result<Variant> {
        let launches = measure(&config)?;
        Ok(Variant {
            name,
            config,
            launches,
        })
    };
    let mut all = Vec::new();
    for (name, product, _) in wanted {
        let mut config = config.clone();
        config.tuning.product = product;
        config.tuning.measured = None;
        let own = variant(name.to_owned(), config.clone())?;
        let is_winograd = own.launches.iter().any(LaunchTime::is_winograd);
        all.push(own);
        if is_winograd {
            config.tuning.winograd = false;
            all.push(variant(format!("{name}, plain"), config)?);
        }
    }
    if chosen == ProductKind::Auto && config.tuning.measured.is_some() {
        all.push(variant("file".into(), config.clone())?);
    }
    for Variant {
        config, launches, ..
    } in all.iter_mut().rev()
    {
        let back = measure(config)?;
        let there = std::mem::take(launches).into_iter();
        *launches = there.zip(back).map(|(a, b)| a.quicker(b)).collect();
    }
    Ok(all)
}
