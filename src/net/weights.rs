//! Weights in safetensors files, with the names and shapes of PyTorch.

use super::{MODELS, Parameter};
use crate::error::{Error, Result};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::collections::HashMap;
use std::path::Path;

/// Where a file says which model its weights are of.
const MODEL_KEY: &str = "model";

/// What a file holds under a name.
pub(crate) struct Entry<'a> {
    pub(crate) name: String,
    pub(crate) dtype: Dtype,
    pub(crate) shape: &'a [u32],
}

impl<'a> Entry<'a> {
    pub(crate) fn new(name: impl Into<String>, dtype: Dtype, parameter: &'a Parameter) -> Self {
        let (name, shape) = (name.into(), &parameter.shape[..]);
        Self { name, dtype, shape }
    }

    fn shape(&self) -> Vec<usize> {
        self.shape.iter().map(|&extent| extent as usize).collect()
    }
}

/// The bytes of a safetensors file of `model` with these entries; the same for the same entries.
pub(crate) fn encode(entries: &[(Entry<'_>, &[u8])], model: &str) -> Result<Vec<u8>> {
    encode_about(entries, MODEL_KEY, model)
}

/// The same with another key and text for metadata.
pub(crate) fn encode_about(
    entries: &[(Entry<'_>, &[u8])],
    key: &str,
    text: &str,
) -> Result<Vec<u8>> {
    let mut views = Vec::with_capacity(entries.len());
    for (entry, bytes) in entries {
        let view = TensorView::new(entry.dtype, entry.shape(), bytes)
            .map_err(|error| Error::kernel(&entry.name, error))?;
        views.push((entry.name.as_str(), view));
    }
    // One key only: a second one would come before or after it by chance.
    let about = HashMap::from([(key.to_owned(), text.to_owned())]);
    safetensors::serialize(views, Some(about)).map_err(|error| Error::kernel("the weights", error))
}

/// The bytes of each entry, where the file has exactly these; otherwise every difference.
pub(crate) fn decode(
    bytes: &[u8],
    entries: &[Entry<'_>],
    model: &str,
) -> std::result::Result<Vec<Vec<u8>>, Vec<String>> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| vec![format!("it is no safetensors file ({error})")])?;
    // PyTorch counts the batches of a batch norm, and needs the number for nothing that is done here.
    let is_counter = |name: &str| {
        name.strip_suffix("num_batches_tracked")
            .is_some_and(|layer| {
                entries
                    .iter()
                    .any(|entry| entry.name == format!("{layer}running_mean"))
            })
    };
    let mut differences: Vec<String> = file
        .names()
        .into_iter()
        .filter(|name| !entries.iter().any(|entry| entry.name == **name) && !is_counter(name))
        .map(|name| format!("{name} is not part of {model}"))
        .collect();
    differences.sort();
    let mut found = Vec::with_capacity(entries.len());
    for entry in entries {
        let Entry { name, dtype, .. } = entry;
        let Ok(view) = file.tensor(name) else {
            differences.push(format!("{name} is missing"));
            continue;
        };
        let wanted = entry.shape();
        if view.shape() != wanted || view.dtype() != *dtype {
            differences.push(format!(
                "{name} is {:?} {:?}, not {dtype:?} {wanted:?}",
                view.dtype(),
                view.shape()
            ));
            continue;
        }
        let is_finite = |value: &[u8; 4]| f32::from_le_bytes(*value).is_finite();
        if *dtype == Dtype::F32 && !view.data().as_chunks().0.iter().all(is_finite) {
            differences.push(format!("{name} has a value that is not finite"));
        }
        found.push(view.data().to_vec());
    }
    if differences.is_empty() {
        Ok(found)
    } else {
        Err(differences)
    }
}

/// Floats as a file has them.
pub(crate) fn floats(bytes: &[u8]) -> Vec<f32> {
    bytemuck::pod_collect_to_vec(bytes)
}

/// The bytes of a safetensors file with all parameters of `model`, values in file order.
pub(crate) fn encode_weights<'a>(
    weights: impl Iterator<Item = (&'a Parameter, &'a [f32])>,
    model: &str,
) -> Result<Vec<u8>> {
    let entries: Vec<_> = weights
        .map(|(parameter, values)| {
            let entry = Entry::new(&parameter.name, Dtype::F32, parameter);
            (entry, bytemuck::cast_slice(values))
        })
        .collect();
    encode(&entries, model)
}

/// The bytes of a safetensors file with what `model` gives for images: `logits`, images·classes.
pub fn encode_logits(logits: &[f32], classes: u32, model: &str) -> Result<Vec<u8>> {
    let images = u32::try_from(logits.len()).unwrap_or(u32::MAX) / classes;
    let entry = Entry {
        name: "logits".to_owned(),
        dtype: Dtype::F32,
        shape: &[images, classes],
    };
    encode(&[(entry, bytemuck::cast_slice(logits))], model)
}

/// Reads a value in file order for every parameter.
///
/// # Errors
/// The file is missing, is no safetensors file, or its names, shapes or types are not those of `parameters`;
/// all differences are listed.
pub fn load(path: &Path, parameters: &[Parameter], model: &str) -> Result<Vec<Vec<f32>>> {
    let refuse = |why: String| {
        Error::data(
            format!("cannot load the weights in {}: {why}", path.display()),
            format!(
                "give a safetensors file of {model}, for example the final.safetensors of a run, and its --model; a narrow \
                 one was trained by --set prune.method=small-dense and its prune.sparsity"
            ),
        )
    };
    let bytes = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
    let entries: Vec<Entry<'_>> = parameters
        .iter()
        .map(|parameter| Entry::new(&parameter.name, Dtype::F32, parameter))
        .collect();
    let loaded = decode(&bytes, &entries, model).map_err(|differences| {
        let mut error = refuse(differences.join("; "));
        if let Some(saved) = saved_model(&bytes).filter(|saved| *saved != model) {
            error.help = format!("these are weights of {saved}: add --model {saved}");
        }
        error
    })?;
    Ok(loaded.iter().map(|bytes| floats(bytes)).collect())
}

/// The known model that a file says it is of.
fn saved_model(bytes: &[u8]) -> Option<&'static str> {
    let (_, header) = SafeTensors::read_metadata(bytes).ok()?;
    let saved = header.metadata().as_ref()?.get(MODEL_KEY)?;
    let known = MODELS.iter().find(|model| model.name == saved);
    known.map(|model| model.name)
}
