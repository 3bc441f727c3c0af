//! The variants that `bench kernel` goes through.

use std::sync::Arc;
use wgprune::bench::{LaunchTime, launches};
use wgprune::config::{Config, ProductKind};
use wgprune::error::Result;
use wgprune::gpu::Gpu;
use wgprune::net::Net;
use wgprune::train::choices;

/// The launches of a step with the kernels of one variant.
pub(super) struct Variant {
    pub(super) name: String,
    pub(super) product: ProductKind,
    /// Whether a tuning file decided; then shapes differ in what computes them.
    pub(super) is_from_file: bool,
    pub(super) launches: Vec<LaunchTime>,
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
pub(super) fn variants(
    gpu: &Arc<Gpu>,
    net: &Net,
    config: &Config,
    repeats: u32,
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
    let mut all = Vec::new();
    for (name, product, _) in wanted {
        let mut config = config.clone();
        config.tuning.product = product;
        config.tuning.measured = None;
        let rows = launches(gpu, net, &config, repeats)?;
        let is_winograd = rows.iter().any(LaunchTime::is_winograd);
        let variant = |name: String, launches| Variant {
            name,
            product,
            is_from_file: false,
            launches,
        };
        all.push(variant(name.to_owned(), rows));
        if is_winograd {
            config.tuning.winograd = false;
            let rows = launches(gpu, net, &config, repeats)?;
            all.push(variant(format!("{name}, plain"), rows));
        }
    }
    if chosen == ProductKind::Auto && config.tuning.measured.is_some() {
        all.push(Variant {
            name: "file".into(),
            product: chosen,
            is_from_file: true,
            launches: launches(gpu, net, config, repeats)?,
        });
    }
    Ok(all)
}
