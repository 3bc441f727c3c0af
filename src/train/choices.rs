//! From `[tuning]` and its file to the kernels of a plan.

use crate::config::{Config, ProductKind, TuningConfig};
use crate::error::{Error, Result};
use crate::gpu::{AdapterFacts, Choices, Gpu, Plan, Product, Tuning};

/// The kernel choices for an adapter, after `[tuning]`.
///
/// # Errors
/// The adapter cannot run what `[tuning]`, or an entry of its file for this adapter, asks for.
pub fn choices(config: &Config, gpu: &Gpu) -> Result<Choices> {
    choose(&config.tuning, &gpu.adapter, gpu.tuning)
}

/// The same for an adapter that takes `usual` without a configuration.
fn choose(config: &TuningConfig, adapter: &AdapterFacts, usual: Tuning) -> Result<Choices> {
    let tuning = |product, winograd, asks: &dyn Fn() -> String| {
        Ok(Tuning {
            product: self::product(product, adapter, usual, asks)?,
            winograd_channels: match winograd {
                true => usual.winograd_channels,
                false => u32::MAX,
            },
            ..usual
        })
    };
    let asks = || "tuning.product is lanes".to_owned();
    let mut choices = Choices::from(tuning(config.product, config.winograd, &asks)?);
    if config.product != ProductKind::Auto {
        return Ok(choices);
    }
    let Some(measured) = &config.measured else {
        return Ok(choices);
    };
    for choice in measured.choices_for(adapter).unwrap_or_default() {
        let workload = choice.workload();
        let asks = || format!("{}: product is lanes for {workload}", measured.file);
        let tuning = tuning(choice.product, config.winograd && choice.winograd, &asks)?;
        choices.measured.insert(workload, tuning);
    }
    Ok(choices)
}

/// `asks` begins the message where the adapter lacks what the kind needs.
fn product(
    kind: ProductKind,
    adapter: &AdapterFacts,
    usual: Tuning,
    asks: &dyn Fn() -> String,
) -> Result<Product> {
    match (kind, adapter.lanes()) {
        (ProductKind::Auto, _) => Ok(usual.product),
        (ProductKind::Block, _) => Ok(Product::Block),
        (ProductKind::Tiles, _) => Ok(Product::Tiles { side: 8, each: 8 }),
        (ProductKind::Lanes, Some(lanes)) => Ok(Product::Lanes(lanes)),
        (ProductKind::Lanes, _) => Err(Error::config(
            format!("{}, which {:?} cannot run", asks(), adapter.name),
            "it needs subgroups of one size of 4, 8 or 16; use auto, block or tiles",
        )),
    }
}

/// Says how much of a plan a tuning file decided, where the configuration names one.
pub(super) fn tell_choices(config: &Config, gpu: &Gpu, plan: &Plan) {
    let TuningConfig {
        product, measured, ..
    } = &config.tuning;
    let Some(measured) = measured else { return };
    let file = &measured.file;
    let [known, all] = plan.measured_shapes();
    if *product != ProductKind::Auto {
        log::info!("kernels: none as measured in {file}, as tuning.product is set");
    } else if measured.choices_for(&gpu.adapter).is_some() {
        log::info!("kernels: {known} of {all} shapes as measured in {file}");
    } else {
        log::warn!(
            "kernels: {file} has nothing for this adapter with this driver and these kernels, so they are as without it; `wgprune bench kernel --write-tuning {file}` measures them"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AdapterChoices, Choice, Measured};
    use crate::gpu::{Direction, Geometry};
    use serde_json::json;

    fn adapter(lanes: Option<u32>) -> AdapterFacts {
        let facts = json!({
            "index": 0,
            "name": "Radeon 780M",
            "backend": "vulkan",
            "driver": "25.0",
            "device_type": "integrated",
            "fixed_subgroup_size": lanes,
            "bus": "",
        });
        serde_json::from_value(facts).expect("facts")
    }

    const CHOICE: Choice = Choice {
        product: ProductKind::Lanes,
        winograd: true,
        direction: Direction::Forward,
        shape: Geometry::Linear { n: 1, c: 2, k: 3 },
    };

    fn config(product: ProductKind, winograd: bool) -> TuningConfig {
        TuningConfig {
            product,
            winograd,
            file: "tuning.json".into(),
            measured: Some(Measured {
                file: "tuning.json".into(),
                adapters: vec![AdapterChoices::new(&adapter(None), vec![CHOICE])],
            }),
        }
    }

    fn chosen(config: &TuningConfig, adapter: &AdapterFacts) -> Result<Choices> {
        choose(config, adapter, Tuning::for_adapter(adapter))
    }

    #[test]
    fn an_entry_that_the_adapter_cannot_run_is_refused_by_name() {
        let auto = config(ProductKind::Auto, true);
        let error = chosen(&auto, &adapter(None)).expect_err("no subgroups");
        for part in ["tuning.json", "linear forward", "k 3", "lanes", "Radeon"] {
            assert!(error.what.contains(part), "{error}");
        }
        let choices = chosen(&auto, &adapter(Some(8))).expect("subgroups");
        let tuning = choices.tuning(CHOICE.workload());
        assert_eq!(tuning.product, Product::Lanes(8));
        assert_ne!(choices.default.product, tuning.product);
        let mut other = adapter(None);
        other.driver = "26.0".into();
        let choices = chosen(&auto, &other).expect("measured on another driver");
        assert!(choices.measured.is_empty());
    }

    #[test]
    fn keys_go_over_the_file() {
        let adapter = adapter(Some(8));
        let block = chosen(&config(ProductKind::Block, true), &adapter).expect("choices");
        assert_eq!(block.tuning(CHOICE.workload()).product, Product::Block);
        let plain = chosen(&config(ProductKind::Auto, false), &adapter).expect("choices");
        let tuning = plain.tuning(CHOICE.workload());
        assert_eq!(tuning.product, Product::Lanes(8));
        assert_eq!(tuning.winograd_channels, u32::MAX);
    }
}
