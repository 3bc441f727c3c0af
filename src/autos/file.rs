//! A regressor in a safetensors file, and what it says of weights.

use super::Fitted;
use super::network::{BATCH, compile, network};
use crate::config::PruneConfig;
use crate::disk::Disk;
use crate::error::{Error, ErrorKind, Result};
use crate::gpu::{Choices, Gpu};
use crate::hash::sha256;
use crate::net::{Entry, Regression, decode, encode_about, floats};
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// Made by the command that README.md names.
const SHIPPED: &[u8] = include_bytes!("../../assets/autos/lenet-300-100-mnist.safetensors");

/// The key of a file's metadata under which its [`About`] stands, in JSON.
const KEY: &str = "wgprune-autos";

/// Of the file.
const VERSION: u32 = 1;

const HELP: &str = "give a file that `wgprune autos --out FILE` wrote, or none, for the one that comes with wgprune";

/// Where a regressor comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Of the form of the file; [`Regressor::new`] sets it.
    #[serde(default)]
    pub version: u32,
    /// The network whose weights were watched.
    pub model: String,
    /// What it was trained on.
    pub data: String,
    /// How often weights were removed.
    pub rounds: u32,
    /// Share that was left at the end.
    pub density: f64,
    /// Length of each training.
    pub length: String,
    /// Images in a step.
    pub batch: u32,
    /// Of both networks.
    pub seed: u64,
    /// Weights that were watched.
    pub weights: usize,
    /// The most that it was learned from, chosen by the seed; without it, all.
    #[serde(default)]
    pub samples: Option<u32>,
    /// Mean squared error on those that were held out.
    pub held_out_error: f64,
}

/// What was learned of which weights survive.
#[derive(Debug, Clone, PartialEq)]
pub struct Regressor {
    /// Where it comes from.
    pub about: About,
    /// SHA-256 of the file.
    pub sha256: String,
    bytes: Vec<u8>,
    values: Vec<Vec<f32>>,
}

impl Regressor {
    /// What was learned, with where it comes from.
    ///
    /// # Errors
    /// The values are not those of the [`network`].
    pub fn new(fitted: &Fitted, about: About) -> Result<Self> {
        let about = About {
            version: VERSION,
            ..about
        };
        let parameters = network().parameters();
        let entries: Vec<(Entry<'_>, &[u8])> = (parameters.iter().zip(&fitted.values))
            .map(|(parameter, values)| {
                let entry = Entry::new(&parameter.name, Dtype::F32, parameter);
                (entry, bytemuck::cast_slice(values))
            })
            .collect();
        let text = serde_json::to_string(&about).map_err(|error| Error::kernel(KEY, error))?;
        let bytes = encode_about(&entries, KEY, &text)?;
        Self::parse(bytes).map_err(|why| Error::kernel("the regressor", why))
    }

    /// The one in this file, or the one that comes with the program where there is no name.
    ///
    /// # Errors
    /// It cannot be read, or is something else; the message names it.
    pub fn read(file: &str) -> Result<Self> {
        let refuse = |why: String| {
            Error::data(
                format!("{file} is no regressor for --autos-model: {why}"),
                HELP,
            )
        };
        if file.is_empty() {
            return Self::parse(SHIPPED.to_vec()).map_err(refuse);
        }
        let bytes = std::fs::read(file).map_err(|error| {
            Error::data(format!("cannot read the regressor {file}: {error}"), HELP)
        })?;
        Self::parse(bytes).map_err(refuse)
    }

    /// The one that `[prune]` names.
    ///
    /// # Errors
    /// As [`read`](Self::read), or it is not the one that the run began with.
    pub fn of(prune: &PruneConfig) -> Result<Self> {
        let own = Self::read(&prune.autos_model)?;
        if prune.autos_sha256.is_empty() || prune.autos_sha256 == own.sha256 {
            return Ok(own);
        }
        let name = match prune.autos_model.as_str() {
            "" => "the regressor that comes with this version of wgprune",
            file => file,
        };
        Err(Error::data(
            format!("{name} is not the regressor that the run was configured with"),
            "put the old file back, or take this one: --set prune.autos_sha256=",
        ))
    }

    /// What is wrong with a file comes without its name.
    fn parse(bytes: Vec<u8>) -> std::result::Result<Self, String> {
        let (_, header) = SafeTensors::read_metadata(&bytes)
            .map_err(|error| format!("it is no safetensors file ({error})"))?;
        let text = header.metadata().as_ref().and_then(|about| about.get(KEY));
        let text = text.ok_or_else(|| format!("its metadata has no {KEY}"))?;
        let about: About = serde_json::from_str(text)
            .map_err(|error| format!("its metadata under {KEY} cannot be read: {error}"))?;
        if about.version != VERSION {
            return Err(format!(
                "it is of version {}, and this wgprune reads version {VERSION}",
                about.version
            ));
        }
        let net = network();
        let parameters = net.parameters();
        let entries: Vec<Entry<'_>> = (parameters.iter())
            .map(|parameter| Entry::new(&parameter.name, Dtype::F32, parameter))
            .collect();
        let values = decode(&bytes, &entries, &net.name).map_err(|all| all.join("; "))?;
        Ok(Self {
            about,
            sha256: sha256(&bytes),
            values: values.iter().map(|bytes| floats(bytes)).collect(),
            bytes,
        })
    }

    /// Writes the file. A reader finds the old one or the new one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let written = Disk::default().replace(path, &self.bytes);
        written.map_err(|error| Error::output(path, &error))
    }

    /// What it says of each row, a value and a sum of gradients: the larger, the longer such a weight survives.
    ///
    /// # Errors
    /// A device that fails, or an answer that is not finite.
    pub fn ask(
        &self,
        gpu: &Arc<Gpu>,
        choices: impl Into<Choices>,
        rows: &[[f32; 2]],
    ) -> Result<Vec<f32>> {
        let Regression { plan, tensors } = compile(BATCH, choices);
        let plan = plan.only(&["gather", "infer"]).share_memory();
        let machine = gpu.load(&plan)?;
        for (placed, values) in tensors.parameters.iter().zip(&self.values) {
            machine.write(&placed.tensor, &placed.parameter.to_device(values));
        }
        let mut answers: Vec<f32> = Vec::with_capacity(rows.len());
        for rows in rows.chunks(BATCH as usize) {
            machine.write(&tensors.inputs, rows);
            machine.replay(&["gather", "infer"])?;
            let own: Vec<f32> = machine.read(&tensors.outputs)?;
            answers.extend(&own[..rows.len()]);
        }
        if answers.iter().all(|answer| answer.is_finite()) {
            return Ok(answers);
        }
        Err(Error::new(
            ErrorKind::Diverged,
            "the regressor has no finite score for some weights of this network",
            "their gradients may be far beyond those that it learned from; make one from a network more like this, \
             with `wgprune autos`, or take another --method",
        ))
    }
}
