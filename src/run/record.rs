//! `run.json` and `env.json`: what became of a run, and where it ran.

use super::WEIGHTS;
use crate::error::{Error, Result};
use crate::gpu::AdapterFacts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// Of the files of a run folder; a program that does not know it refuses the folder.
pub(super) const SCHEMA: u32 = 1;

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// A process works on it, or was killed while it did.
    Running,
    /// A signal stopped it, after a checkpoint.
    Interrupted,
    /// An error stopped it.
    Failed,
    /// It reached its end.
    Done,
}

/// What every checkpoint of a run has in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    /// SHA-256 of `config.toml`.
    pub(super) config_sha256: String,
    /// SHA-256 of the images and labels that it meant.
    pub(super) data_sha256: String,
}

/// An error as `run.json` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failure {
    pub(super) code: u8,
    pub(super) what: String,
    pub(super) help: String,
}

/// `run.json`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) schema: u32,
    pub(super) state: State,
    pub(super) identity: Identity,
    /// Checkpoints that stay.
    #[serde(default = "two")]
    pub(super) keep: u32,
    /// Of a failed run.
    pub(super) error: Option<Failure>,
    /// Of a run that is done.
    pub(super) summary: Option<Value>,
}

impl Record {
    /// What the run in this folder reached, if it is done and its weights are there.
    pub(super) fn reached(&self, folder: &Path) -> Option<&Value> {
        let is_done = self.state == State::Done && folder.join(WEIGHTS).is_file();
        self.summary.as_ref().filter(|_| is_done)
    }
}

/// What [`Record::keep`] is where nobody says otherwise.
pub(super) fn two() -> u32 {
    2
}

/// `env.json`: the program and the adapter that a run was last worked on by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    schema: u32,
    /// Version of this program.
    pub wgprune: String,
    /// Version of wgpu in it.
    #[serde(default)]
    pub wgpu: String,
    /// Operating system, for example `linux`.
    pub os: String,
    /// Processor, for example `x86_64`.
    pub arch: String,
    /// Name, backend, driver, kind and subgroups.
    pub adapter: AdapterFacts,
}

impl Environment {
    /// This program here, on that adapter.
    pub fn of(adapter: &AdapterFacts) -> Self {
        Self {
            schema: SCHEMA,
            wgprune: env!("CARGO_PKG_VERSION").to_owned(),
            wgpu: env!("WGPU_VERSION").to_owned(),
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            adapter: adapter.clone(),
        }
    }

    /// What differs from `other` such that a run which goes on there may not reach the same bytes.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let Self {
            wgprune,
            os,
            arch,
            adapter,
            ..
        } = self;
        [
            ("the version of wgprune", wgprune, &other.wgprune),
            ("the operating system", os, &other.os),
            ("the processor", arch, &other.arch),
            ("the adapter", &adapter.name, &other.adapter.name),
            ("the backend", &adapter.backend, &other.adapter.backend),
            ("the driver", &adapter.driver, &other.adapter.driver),
        ]
        .into_iter()
        .filter(|(_, before, now)| before != now)
        .map(|(what, before, now)| format!("{what} was {before:?} and is {now:?}"))
        .collect()
    }
}

/// JSON with a line for each field, for people to read.
pub(super) fn pretty(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| Error::kernel("a file of the run folder", error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a JSON file of a run folder.
///
/// # Errors
/// It cannot be read, or is not what this program writes.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let damaged = |why: String| {
        Error::data(
            format!("cannot read {}: {why}", path.display()),
            "the folder is damaged, or of another version of wgprune; start the run again from its config.toml",
        )
    };
    let bytes = std::fs::read(path).map_err(|error| damaged(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))
}
