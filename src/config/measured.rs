//! What was fastest for the shapes of networks, as a tuning file has it and a run keeps it.

mod file;

pub use file::TuningFile;

use super::ProductKind;
use crate::error::Result;
use crate::gpu::{AdapterFacts, Direction, Geometry, Workload};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What `src/build.rs` makes of the text of all kernels, and of all that decides on their sizes.
const KERNELS: &str = env!("KERNELS_DIGEST");

/// What a tuning file held when it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Its name, as it was given.
    pub file: String,
    /// All of it, as the adapter of a run is not known yet.
    pub adapters: Vec<AdapterChoices>,
}

/// What was fastest on one adapter with one driver, of one version of the kernels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterChoices {
    /// [`AdapterFacts::name`].
    pub name: String,
    /// [`AdapterFacts::backend`].
    pub backend: String,
    /// [`AdapterFacts::driver`].
    pub driver: String,
    /// [`AdapterFacts::processor`].
    pub processor: String,
    /// A digest of the kernels.
    pub kernels: String,
    /// One for each shape and direction.
    pub choices: Vec<Choice>,
}

/// What was fastest for one shape in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The algorithm for its sums of products; `auto` is what the adapter takes without a file.
    pub product: ProductKind,
    /// Whether a convolution is computed by Winograd's algorithm.
    pub winograd: bool,
    /// Forwards or backwards.
    pub direction: Direction,
    /// The layer.
    pub shape: Geometry,
}

impl Choice {
    /// What it is for.
    pub fn workload(&self) -> Workload {
        Workload(self.shape, self.direction)
    }
}

impl Measured {
    /// Reads a file.
    pub(super) fn read(file: &str) -> Result<Self> {
        Ok(Self {
            file: file.to_owned(),
            adapters: TuningFile::read(Path::new(file))?.adapters,
        })
    }

    /// What was measured on this adapter with this driver and these kernels.
    pub fn choices_for(&self, adapter: &AdapterFacts) -> Option<&[Choice]> {
        let own = AdapterChoices::new(adapter, Vec::new());
        let known = self.adapters.iter().find(|known| known.key() == own.key());
        known.map(|known| &known.choices[..])
    }
}

impl AdapterChoices {
    /// Choices measured on this adapter, with the kernels of this program.
    pub fn new(adapter: &AdapterFacts, choices: Vec<Choice>) -> Self {
        Self {
            name: adapter.name.clone(),
            backend: adapter.backend.clone(),
            driver: adapter.driver.clone(),
            processor: adapter.processor.clone(),
            kernels: KERNELS.to_owned(),
            choices,
        }
    }

    fn key(&self) -> [&str; 5] {
        let Self {
            name,
            backend,
            driver,
            processor,
            kernels,
            ..
        } = self;
        [name, backend, driver, processor, kernels]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn choices_are_for_one_adapter_driver_processor_and_version_of_the_kernels() {
        let facts = json!({
            "index": 0,
            "name": "llvmpipe",
            "backend": "vulkan",
            "driver": "25.0",
            "device_type": "cpu",
            "fixed_subgroup_size": 8,
            "bus": "",
            "processor": "Ryzen 7",
        });
        let adapter: AdapterFacts = serde_json::from_value(facts).expect("facts");
        let choice = Choice {
            product: ProductKind::Block,
            winograd: false,
            direction: Direction::Forward,
            shape: Geometry::Linear { n: 1, c: 2, k: 3 },
        };
        let own = AdapterChoices::new(&adapter, vec![choice]);
        let is_found = |change: fn(&mut AdapterChoices)| {
            let mut known = own.clone();
            change(&mut known);
            let measured = Measured {
                file: "tuning.json".into(),
                adapters: vec![known],
            };
            measured.choices_for(&adapter).is_some()
        };
        assert!(is_found(|_| {}));
        assert!(!is_found(|known| known.name.push('2')));
        assert!(!is_found(|known| known.backend.push('2')));
        assert!(!is_found(|known| known.driver.push('2')));
        assert!(!is_found(|known| known.processor.push('2')));
        assert!(!is_found(|known| known.kernels.push('2')));
    }
}
