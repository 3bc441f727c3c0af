//! Weights in safetensors files, with the names and shapes of PyTorch.

use super::{MODELS, Parameter};
use crate::error::{Error, Result};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::collections::HashMap;
use std::path::Path;

/// Writes all parameters, values in file order, as one safetensors file; whole or not at all.
///
/// # Errors
/// The file cannot be written.
pub fn save(
    path: &Path,
    parameters: &[(Parameter, Vec<f32>)],
    about: HashMap<String, String>,
) -> Result<()> {
    let mut views = Vec::with_capacity(parameters.len());
    for (parameter, values) in parameters {
        let shape = parameter
            .shape
            .iter()
            .map(|&extent| extent as usize)
            .collect();
        let view = TensorView::new(Dtype::F32, shape, bytemuck::cast_slice(values))
            .map_err(|error| Error::kernel(&parameter.name, error))?;
        views.push((parameter.name.as_str(), view));
    }
    let bytes = safetensors::serialize(views, Some(about))
        .map_err(|error| Error::kernel("the weights", error))?;
    // A reader never meets half a file: it appears under its name when it is complete.
    let part = path.with_extension("safetensors.part");
    let write = || {
        std::fs::write(&part, &bytes)?;
        std::fs::File::open(&part)?.sync_all()?;
        std::fs::rename(&part, path)
    };
    write().map_err(|error| Error::output(path, &error))
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
                "give a safetensors file of {model}, for example the final.safetensors of a run, and its --model"
            ),
        )
    };
    let bytes = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|error| refuse(format!("it is no safetensors file ({error})")))?;
    let mut differences: Vec<String> = file
        .names()
        .into_iter()
        .filter(|name| !parameters.iter().any(|parameter| parameter.name == **name))
        .map(|name| format!("{name} is not part of {model}"))
        .collect();
    differences.sort();
    let mut loaded = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        let Ok(view) = file.tensor(&parameter.name) else {
            differences.push(format!("{} is missing", parameter.name));
            continue;
        };
        let wanted: Vec<usize> = parameter
            .shape
            .iter()
            .map(|&extent| extent as usize)
            .collect();
        if view.shape() != wanted || view.dtype() != Dtype::F32 {
            differences.push(format!(
                "{} is {:?} {:?}, not F32 {wanted:?}",
                parameter.name,
                view.dtype(),
                view.shape()
            ));
            continue;
        }
        let values: Vec<f32> = bytemuck::pod_collect_to_vec(view.data());
        if values.iter().any(|value| !value.is_finite()) {
            differences.push(format!("{} has a value that is not finite", parameter.name));
        }
        loaded.push(values);
    }
    if differences.is_empty() {
        return Ok(loaded);
    }
    let mut error = refuse(differences.join("; "));
    if let Some(saved) = saved_model(&bytes).filter(|saved| *saved != model) {
        error.help = format!("these are weights of {saved}: add --model {saved}");
    }
    Err(error)
}

/// The known model that a file says it is of, as [`save`] writes it.
fn saved_model(bytes: &[u8]) -> Option<&'static str> {
    let (_, header) = SafeTensors::read_metadata(bytes).ok()?;
    let saved = header.metadata().as_ref()?.get("model")?;
    let known = MODELS.iter().find(|(name, _)| name == saved);
    known.map(|(name, _)| *name)
}
