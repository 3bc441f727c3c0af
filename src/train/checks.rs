//! What must hold between configuration, network and data before anything is allocated.

use super::{ParameterState, Snapshot};
use crate::config::Config;
use crate::data::{Dataset, Split};
use crate::error::{Error, ErrorKind, Result};
use crate::net::{Layer, Net, Parameter, Shape};

/// Training images of a data set, less those that `config` holds out for validation.
///
/// # Errors
/// None is left.
pub fn train_images(config: &Config, dataset: &Dataset) -> Result<u32> {
    let images = u32::try_from(dataset.train.len()).unwrap_or(u32::MAX);
    let held_out = config.data.validation;
    if held_out >= images {
        return Err(Error::config(
            format!("data.validation is {held_out}, of {images} training images"),
            "hold out fewer images",
        ));
    }
    Ok(images - held_out)
}

/// Refuses a batch whose activations cannot be counted in 32 bits, as kernels do.
///
/// # Errors
/// Names the value that is too large.
pub fn check_batch(net: &Net, batch: u32) -> Result<()> {
    for value in 0..=net.nodes.len() {
        let Shape { h, w, c } = net.shape(value);
        let elements = [h, w, c].map(u64::from).iter().product::<u64>() * u64::from(batch);
        if elements > u64::from(u32::MAX) {
            return Err(Error::new(
                ErrorKind::Memory,
                format!(
                    "a batch of {batch} makes values of {h}x{w}x{c} that no adapter can address"
                ),
                "use a smaller --batch",
            ));
        }
    }
    for node in &net.nodes {
        let rows = u64::from(batch) * u64::from(node.shape.h) * u64::from(node.shape.w);
        if node.layer == Layer::BatchNorm && rows < 2 {
            return Err(Error::config(
                format!(
                    "{} of {} would normalise by the variance of a single value at a batch of {batch}",
                    node.name, net.name
                ),
                "use a --batch of at least 2",
            ));
        }
    }
    Ok(())
}

/// Refuses augmentation that the images cannot have: a margin that is not smaller than they are, which a mirror could not
/// fill, and changes of what are no colours.
///
/// # Errors
/// Names the key and the images.
pub fn check_augmentation(config: &Config, dataset: &Dataset) -> Result<()> {
    let Dataset {
        name,
        height,
        width,
        channels,
        ..
    } = dataset;
    let data = &config.data;
    let side = height.min(width);
    if data.crop >= *side {
        return Err(Error::config(
            format!(
                "data.crop is {}, but {name} has images of {height}x{width}",
                data.crop
            ),
            format!("it must be below {side}; 4 is usual for images of 32x32"),
        ));
    }
    let shares = [
        ("brightness", data.brightness),
        ("contrast", data.contrast),
        ("saturation", data.saturation),
        ("hue", data.hue),
        ("erase", data.erase),
    ];
    let changed = shares.into_iter().find(|&(_, share)| share > 0.0);
    match changed {
        Some((key, share)) if !matches!(channels, 1 | 3) => Err(Error::config(
            format!("data.{key} is {share}, but {name} has images of {channels} channels"),
            "it is for images of 1 or 3 channels; set it to 0",
        )),
        _ => Ok(()),
    }
}

/// Refuses a data set that `net` was not made for, or that is not what it says of itself.
///
/// # Errors
/// Names the network and the data set with the shapes and classes of both, or the part of the data set that has no
/// images, 4 GiB of them, not the bytes of its images, or a label above the classes.
pub fn check_data(net: &Net, dataset: &Dataset) -> Result<()> {
    let Dataset {
        name,
        train,
        test,
        height: h,
        width: w,
        channels: c,
        classes,
        ..
    } = dataset;
    let images = Shape {
        h: *h,
        w: *w,
        c: *c,
    };
    let output = net.shape(net.nodes.len());
    if (net.input, output) != (images, Shape::features(*classes)) {
        return Err(Error::config(
            format!(
                "{} reads images of {} and gives {output}, but {name} has images of {images} in {classes} classes",
                net.name, net.input
            ),
            "build the network for the shape and the classes of the data set",
        ));
    }
    for (set, split) in [("training", train), ("test", test)] {
        if u32::try_from(split.images.len()).is_err() {
            return Err(Error::new(
                ErrorKind::Memory,
                format!(
                    "the {set} set of {name} has 4 GiB of images or more, and kernels count in 32 bits"
                ),
                "use a smaller data set",
            ));
        }
        let Split { images, labels } = split;
        let is_whole = !split.is_empty()
            && images.len() == split.len() * dataset.image_bytes()
            && labels.iter().all(|&label| u32::from(label) < *classes);
        if !is_whole {
            return Err(Error::data(
                format!(
                    "the {set} set of {name} has {} labels, the largest {}, for {classes} classes, and {} bytes of images",
                    labels.len(),
                    labels
                        .iter()
                        .max()
                        .map_or("none".to_owned(), u16::to_string),
                    images.len()
                ),
                "give one label below the number of classes for each image, and at least one image",
            ));
        }
    }
    Ok(())
}

/// Refuses values, in file order, that are not those of `parameters` or not finite.
///
/// # Errors
/// Names the parameter with a value that is not finite.
///
/// # Panics
/// If there are more or fewer values than the parameters have.
pub(super) fn check_values<'a>(
    parameters: impl Iterator<Item = &'a Parameter>,
    values: &[Vec<f32>],
) -> Result<()> {
    let parameters: Vec<&Parameter> = parameters.collect();
    assert_eq!(values.len(), parameters.len(), "parameters");
    for (parameter, values) in parameters.into_iter().zip(values) {
        let name = &parameter.name;
        assert_eq!(values.len(), parameter.len() as usize, "values of {name}");
        check_finite(name, values)?;
    }
    Ok(())
}

/// Refuses a snapshot that is not one of `parameters` with so many tensors of state.
///
/// # Errors
/// Names the first parameter that differs, or that has a value that is not finite.
pub(super) fn check_state<'a>(
    parameters: impl Iterator<Item = &'a Parameter>,
    state: usize,
    snapshot: &Snapshot,
) -> Result<()> {
    let parameters: Vec<&Parameter> = parameters.collect();
    let fits = |(parameter, saved): &(&&Parameter, &ParameterState)| {
        let elements = parameter.len() as usize;
        **parameter == &saved.parameter
            && saved.state.len() == state
            && saved.mask.len() == elements
            && saved.mask.iter().all(|&kept| kept <= 1)
            && [&saved.weights]
                .into_iter()
                .chain(&saved.state)
                .all(|values| values.len() == elements)
    };
    let pairs = parameters.iter().zip(snapshot);
    let fitting = pairs.take_while(fits).count();
    if fitting < parameters.len().max(snapshot.len()) {
        let name = parameters
            .get(fitting)
            .map_or("its end", |parameter| &parameter.name);
        return Err(Error::data(
            format!("the snapshot is not one of this network and optimiser: it differs at {name}"),
            "restore it into a session of the configuration that it was taken from",
        ));
    }
    for saved in snapshot {
        for values in [&saved.weights].into_iter().chain(&saved.state) {
            check_finite(&saved.parameter.name, values)?;
        }
    }
    Ok(())
}

fn check_finite(name: &str, values: &[f32]) -> Result<()> {
    if values.iter().all(|value| value.is_finite()) {
        return Ok(());
    }
    Err(Error::data(
        format!("{name} has a value that is not finite"),
        "these weights come from a run that diverged; train with a lower --lr",
    ))
}
