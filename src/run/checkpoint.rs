//! `checkpoints/`: a folder for each moment from which the run can go on, named after its step.
//!
//! A folder appears whole, by one rename, and is believed only if its hashes hold, those of the metrics so far included.

use super::record::{Identity, SCHEMA, pretty};
use super::table::{Mark, Table};
use super::{METRICS, RESULTS};
use crate::disk::{Disk, PART};
use crate::error::Result;
use crate::hash::sha256;
use crate::net::{Entry, Parameter, decode, encode, encode_weights, floats};
use crate::train::{Checkpoint, ParameterState, Position, Snapshot};
use safetensors::Dtype;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Weights, as the final ones are.
const MODEL: &str = "model.safetensors";
/// Masks and the optimiser's state, each under its name and that of the parameter.
const STATE: &str = "state.safetensors";
const META: &str = "meta.json";
const MASK: &str = "mask";
/// The name of the newest checkpoint, for people and scripts; going on looks at the folders themselves.
const LAST: &str = "last";

/// What the files of a checkpoint belong to.
pub(super) struct Layout {
    pub(super) model: String,
    pub(super) parameters: Vec<Parameter>,
    /// Names of what the optimiser keeps for each parameter.
    pub(super) state: Vec<String>,
    pub(super) identity: Identity,
}

/// `meta.json`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    meta: Meta,
    /// SHA-256 of `meta`, in JSON without spaces.
    sha256: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    schema: u32,
    run: Identity,
    position: Position,
    /// Weights of each prunable tensor that the mask keeps.
    kept: BTreeMap<String, usize>,
    /// How far these files had come.
    metrics: Mark,
    results: Mark,
    /// SHA-256 of the other files of the checkpoint.
    files: BTreeMap<String, String>,
}

impl Meta {
    fn seal(&self) -> String {
        serde_json::to_vec(self).map_or(String::new(), |bytes| sha256(&bytes))
    }
}

/// A checkpoint that was found whole, and the files that had grown to it.
pub(super) struct Found {
    pub(super) checkpoint: Checkpoint,
    pub(super) metrics: Table,
    pub(super) results: Table,
}

/// Writes a checkpoint.
pub(super) fn save(
    disk: &Disk,
    folder: &Path,
    layout: &Layout,
    checkpoint: &Checkpoint,
    [metrics, results]: [Mark; 2],
) -> Result<io::Result<()>> {
    let Checkpoint { position, snapshot } = checkpoint;
    let weights = snapshot.iter().map(|of| (&of.parameter, &of.weights[..]));
    let mut files = vec![
        (MODEL, encode_weights(weights, &layout.model)?),
        (STATE, encode_state(layout, snapshot)?),
    ];
    let prunable = snapshot.iter().filter(|of| of.parameter.is_prunable());
    let kept = |of: &ParameterState| of.mask.iter().filter(|&&kept| kept == 1).count();
    let hashes = files
        .iter()
        .map(|(name, bytes)| ((*name).to_owned(), sha256(bytes)));
    let meta = Meta {
        schema: SCHEMA,
        run: layout.identity.clone(),
        position: *position,
        kept: prunable
            .map(|of| (of.parameter.name.clone(), kept(of)))
            .collect(),
        metrics,
        results,
        files: hashes.collect(),
    };
    let sha256 = meta.seal();
    files.push((META, pretty(&Sealed { meta, sha256 })?));
    let name = format!("step-{:08}", position.step);
    let write = || {
        disk.make_folder(folder)?;
        disk.commit(&folder.join(&name), &files)?;
        disk.replace(&folder.join(LAST), format!("{name}\n").as_bytes())
    };
    Ok(write())
}

fn encode_state(layout: &Layout, snapshot: &Snapshot) -> Result<Vec<u8>> {
    let parts = snapshot.iter().flat_map(|of| {
        let state = of.state.iter().map(|values| bytemuck::cast_slice(values));
        [&of.mask[..]].into_iter().chain(state)
    });
    let entries = state_entries(layout).into_iter().zip(parts);
    encode(&entries.collect::<Vec<_>>(), &layout.model)
}

/// For each parameter its mask, then its part of what the optimiser keeps.
fn state_entries<'a>(layout: &'a Layout) -> Vec<Entry<'a>> {
    let of = |parameter: &'a Parameter| {
        let entry = move |kind: &str, dtype| {
            Entry::new(format!("{kind}.{}", parameter.name), dtype, parameter)
        };
        let state = layout.state.iter().map(move |kind| entry(kind, Dtype::F32));
        [entry(MASK, Dtype::BOOL)].into_iter().chain(state)
    };
    layout.parameters.iter().flat_map(of).collect()
}

/// Removes all checkpoints but that of `step` and the next older ones, and what was never completed. Later ones were
/// skipped as damaged when the run went on from an earlier one.
pub(super) fn tidy(disk: &Disk, folder: &Path, step: u32, keep: u32) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && path.extension().is_some_and(|end| end == PART) {
            disk.remove_folder(&path)?;
        }
    }
    let mut older = 0;
    for (found, path) in list(folder)? {
        older += u32::from(found < step);
        if found > step || older >= keep {
            disk.remove_folder(&path)?;
        }
    }
    Ok(())
}

/// Checkpoints by name, the newest first.
fn list(folder: &Path) -> io::Result<Vec<(u32, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let step = name.and_then(|name| name.strip_prefix("step-")?.parse().ok());
        found.extend(step.map(|step| (step, path)));
    }
    found.sort_by(|a, b| b.cmp(a));
    Ok(found)
}

/// The newest checkpoint that is whole, if any, and why each newer one is not.
pub(super) fn newest(run: &Path, folder: &Path, layout: &Layout) -> (Option<Found>, Vec<String>) {
    let mut skipped = Vec::new();
    for (step, path) in list(folder).unwrap_or_default() {
        match verify(run, &path, step, layout) {
            Ok(found) => return (Some(found), skipped),
            Err(why) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                skipped.push(format!("{name}: {why}"));
            }
        }
    }
    (None, skipped)
}

fn verify(
    run: &Path,
    path: &Path,
    step: u32,
    layout: &Layout,
) -> std::result::Result<Found, String> {
    let read = |name: &str| {
        fs::read(path.join(name)).map_err(|error| format!("{name} cannot be read: {error}"))
    };
    let Sealed { meta, sha256: seal } = serde_json::from_slice(&read(META)?)
        .map_err(|error| format!("{META} is not what was written: {error}"))?;
    if meta.seal() != seal || meta.position.step != step {
        return Err(format!("{META} is not what was written"));
    }
    if meta.schema != SCHEMA {
        return Err(format!(
            "{META} is of version {}, not {SCHEMA}",
            meta.schema
        ));
    }
    if meta.run != layout.identity {
        return Err("it belongs to another run".to_owned());
    }
    let whole = |name: &str| {
        let bytes = read(name)?;
        if meta.files.get(name) == Some(&sha256(&bytes)) {
            Ok(bytes)
        } else {
            Err(format!("{name} is not what was written"))
        }
    };
    let snapshot = decode_snapshot(layout, &whole(MODEL)?, &whole(STATE)?)
        .map_err(|differences| differences.join("; "))?;
    Ok(Found {
        checkpoint: Checkpoint {
            position: meta.position,
            snapshot,
        },
        metrics: Table::reopen(&run.join(METRICS), &meta.metrics)?,
        results: Table::reopen(&run.join(RESULTS), &meta.results)?,
    })
}

fn decode_snapshot(
    layout: &Layout,
    model: &[u8],
    state: &[u8],
) -> std::result::Result<Snapshot, Vec<String>> {
    let parameters = layout.parameters.iter();
    let entries: Vec<_> = parameters
        .map(|parameter| Entry::new(&parameter.name, Dtype::F32, parameter))
        .collect();
    let weights = decode(model, &entries, &layout.model)?;
    let mut parts = decode(state, &state_entries(layout), &layout.model)?.into_iter();
    let of = |(parameter, weights): (&Parameter, &Vec<u8>)| ParameterState {
        parameter: parameter.clone(),
        weights: floats(weights),
        mask: parts.next().unwrap_or_default(),
        state: parts
            .by_ref()
            .take(layout.state.len())
            .map(|part| floats(&part))
            .collect(),
    };
    Ok(layout.parameters.iter().zip(&weights).map(of).collect())
}

#[cfg(test)]
mod tests;
