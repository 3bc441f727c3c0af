//! The file of kernel choices that `wgprune bench kernel --write-tuning` writes.

use super::ProductKind;
use crate::disk::{Disk, parent};
use crate::error::{Error, ErrorKind, Result};
use crate::gpu::{AdapterFacts, Direction, Geometry, Workload};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// Of the file; a program that does not know it refuses the file.
const SCHEMA: u32 = 1;

const HELP: &str =
    "give a file that `wgprune bench kernel --write-tuning FILE` wrote, or have it write a new one";

/// Kernel choices by adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TuningFile {
    schema: u32,
    /// In the order in which they were first measured.
    pub adapters: Vec<AdapterChoices>,
}

/// What was fastest on one adapter with one driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterChoices {
    /// [`AdapterFacts::name`].
    pub name: String,
    /// [`AdapterFacts::backend`].
    pub backend: String,
    /// [`AdapterFacts::driver`].
    pub driver: String,
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

impl AdapterChoices {
    /// Choices measured on this adapter.
    pub fn new(adapter: &AdapterFacts, choices: Vec<Choice>) -> Self {
        Self {
            name: adapter.name.clone(),
            backend: adapter.backend.clone(),
            driver: adapter.driver.clone(),
            choices,
        }
    }

    /// Whether they were measured on this adapter with this driver.
    pub fn are_for(&self, adapter: &AdapterFacts) -> bool {
        self.key() == [&adapter.name, &adapter.backend, &adapter.driver]
    }

    fn key(&self) -> [&String; 3] {
        [&self.name, &self.backend, &self.driver]
    }
}

impl TuningFile {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or is something else; the message names it.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
        let name = path.display();
        let file: Self = serde_json::from_slice(&text).map_err(|error| {
            Error::config(format!("{name} is not a tuning file: {error}"), HELP)
        })?;
        if file.schema != SCHEMA {
            return Err(Error::config(
                format!(
                    "{name} is a tuning file of version {}, not {SCHEMA}",
                    file.schema
                ),
                HELP,
            ));
        }
        Ok(file)
    }

    /// The file to add to: what is there, or a new one. Asked before minutes of measuring.
    ///
    /// # Errors
    /// As [`read`](Self::read), or there is no such folder.
    pub fn read_or_new(path: &Path) -> Result<Self> {
        let folder = parent(path);
        if !folder.is_dir() {
            let why = format!("there is no folder {}", folder.display());
            return Err(unwritable(path, &why));
        }
        match path.try_exists() {
            Ok(true) => Self::read(path),
            Ok(false) => Ok(Self {
                schema: SCHEMA,
                adapters: Vec::new(),
            }),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    /// Takes new choices. Older ones for the same adapter, driver, shape and direction go; all others stay.
    pub fn merge(&mut self, new: AdapterChoices) {
        let is_same = |old: &AdapterChoices| old.key() == new.key();
        let Some(i) = self.adapters.iter().position(is_same) else {
            return self.adapters.push(new);
        };
        let choices = &mut self.adapters[i].choices;
        let is_old = |old: &Choice| {
            let workload = old.workload();
            new.choices.iter().all(|new| new.workload() != workload)
        };
        choices.retain(is_old);
        choices.extend(new.choices);
    }

    /// Writes the file; a reader finds the old one or the new one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut bytes = serde_json::to_vec_pretty(self)
            .map_err(|error| unwritable(path, &error.to_string()))?;
        bytes.push(b'\n');
        Disk::default()
            .replace(path, &bytes)
            .map_err(|error| unwritable(path, &error.to_string()))
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::config(
        format!("cannot read the tuning file {}: {error}", path.display()),
        HELP,
    )
}

fn unwritable(path: &Path, why: &str) -> Error {
    Error::new(
        ErrorKind::Output,
        format!("cannot write the tuning file {}: {why}", path.display()),
        "choose another file with --write-tuning FILE, in a folder that is there and has room",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(n: u32, product: ProductKind) -> Choice {
        Choice {
            product,
            winograd: false,
            direction: Direction::Backward,
            shape: Geometry::Linear { n, c: 300, k: 100 },
        }
    }

    fn adapter(driver: &str, choices: &[Choice]) -> AdapterChoices {
        AdapterChoices {
            name: "Radeon 780M".into(),
            backend: "vulkan".into(),
            driver: driver.into(),
            choices: choices.to_vec(),
        }
    }

    #[test]
    fn merging_replaces_the_same_shape_on_the_same_driver_only() {
        let [old, other] = [1, 2].map(|n| choice(n, ProductKind::Block));
        let new = choice(1, ProductKind::Tiles);
        let mut file = TuningFile {
            schema: SCHEMA,
            adapters: vec![adapter("24.1", &[old]), adapter("25.0", &[old, other])],
        };
        file.merge(adapter("25.0", &[new]));
        file.merge(adapter("26.0", &[new]));
        let wanted = [
            adapter("24.1", &[old]),
            adapter("25.0", &[other, new]),
            adapter("26.0", &[new]),
        ];
        assert_eq!(file.adapters, wanted);
    }

    #[test]
    fn a_file_reads_back_and_anything_else_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tuning.json");
        let mut file = TuningFile::read_or_new(&path).expect("a new one");
        let conv = Choice {
            winograd: true,
            direction: Direction::Forward,
            shape: Geometry::Conv2d {
                n: 32,
                h: 8,
                w: 8,
                c: 64,
                k: 64,
                kernel: 3,
                stride: 1,
                pad: 1,
            },
            ..choice(1, ProductKind::Lanes)
        };
        file.merge(adapter("25.0", &[choice(1, ProductKind::Auto), conv]));
        file.write(&path).expect("written");
        assert_eq!(TuningFile::read_or_new(&path).expect("read"), file);

        let text = std::fs::read_to_string(&path).expect("text");
        for (from, to, word) in [
            ("\"lanes\"", "\"warps\"", "warps"),
            ("\"conv2d\"", "\"conv3d\"", "conv3d"),
            ("\"forward\"", "\"sideways\"", "sideways"),
            ("\"stride\"", "\"step\"", "step"),
            ("\"schema\": 1", "\"schema\": 2", "version 2"),
            ("{", "", "not a tuning file"),
        ] {
            let wrong = text.replacen(from, to, 1);
            assert_ne!(wrong, text);
            std::fs::write(&path, wrong).expect("written");
            let error = TuningFile::read_or_new(&path).expect_err(to);
            assert!(
                error.what.contains("tuning.json") && error.what.contains(word),
                "{error}"
            );
            assert!(error.help.contains("--write-tuning"), "{error}");
        }
        let nowhere = folder.path().join("none").join("tuning.json");
        assert!(TuningFile::read_or_new(&nowhere).is_err());
    }
}
