//! Image data sets: the one embedded in the program, those found by name or folder, and how they are downloaded.

use sha2::{Digest, Sha256};
use std::path::Path;

use crate::error::{Error, Result};
use crate::hash::hex;
use crate::net::Shape;

mod catalogue;
mod fetch;
mod idx;
mod locate;
mod verify;

pub use catalogue::{Archive, Entry, Home, SETS, find};
pub use fetch::{Event, Fetched, Options, get};
use idx::Source;
use locate::Place;
pub use locate::{absolute, root};
pub use verify::{Found, State, count_present, verify};

/// Classes of every data set in the format of MNIST; labels are 0 to 9.
const CLASSES: u32 = 10;

/// A data set, whole in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The known name, or the folder as it was given.
    pub name: String,
    /// What is trained on; validation images are cut from it.
    pub train: Split,
    /// What is only ever evaluated.
    pub test: Split,
    /// H, in pixels.
    pub height: u32,
    /// W, in pixels.
    pub width: u32,
    /// C; 1 for grey.
    pub channels: u32,
    /// Number of classes; labels are below it.
    pub classes: u32,
    /// Mean of each channel, in 0..1; C values.
    pub mean: Vec<f32>,
    /// Standard deviation of each channel, in 0..1, never zero; C values.
    pub std: Vec<f32>,
}

impl Dataset {
    /// Bytes of one image, H·W·C.
    pub fn image_bytes(&self) -> usize {
        self.height as usize * self.width as usize * self.channels as usize
    }

    /// SHA-256 of all images and labels with what they are normalised by, in hexadecimal digits: the same for the same
    /// data, wherever it lies and however it was packed.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for number in [self.height, self.width, self.channels, self.classes] {
            hash.update(number.to_le_bytes());
        }
        for value in self.mean.iter().chain(&self.std) {
            hash.update(value.to_le_bytes());
        }
        for split in [&self.train, &self.test] {
            hash.update((split.labels.len() as u64).to_le_bytes());
            // One byte each where that is enough, so that a set does not change its hash because others have more classes.
            let width = if self.classes <= 256 { 1 } else { 2 };
            for label in &split.labels {
                hash.update(&label.to_le_bytes()[..width]);
            }
            hash.update(&split.images);
        }
        hex(&hash.finalize())
    }

    /// What a network for these images reads.
    pub fn input(&self) -> Shape {
        Shape {
            h: self.height,
            w: self.width,
            c: self.channels,
        }
    }
}

/// Images and their labels, in the order of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// N·H·W·C, 0 to 255.
    pub images: Vec<u8>,
    /// N.
    pub labels: Vec<u16>,
}

impl Split {
    /// N, the number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// Opens a data set by name (`mnist-mini`, `mnist`, `fashion-mnist`) or by the folder of its four IDX files.
///
/// `mnist-mini` is always the embedded one. The others lie in a folder of their name in `data_root`; without
/// it, in the folder that `WGPRUNE_DATA` names; without that, in `wgprune` in the platform's data folder.
/// Whatever has a path separator in it, or is a folder here without being a known name, is taken as a folder;
/// channel statistics are then those of its own training images.
///
/// # Errors
///
/// Of kind `Config` if the name is unknown, and of kind `Data` if files are missing or damaged.
pub fn open(name_or_dir: &str, data_root: Option<&Path>) -> Result<Dataset> {
    let place = locate::locate(name_or_dir, data_root)?;
    let statistics = match &place {
        Place::Program(entry, _) | Place::Root(entry, _) => {
            Some((entry.mean.to_vec(), entry.std.to_vec()))
        }
        Place::Folder(_) => None,
    };
    read(name_or_dir, locate::open_files(&place)?, statistics)
}

fn read(
    name: &str,
    sources: [Source; 4],
    statistics: Option<(Vec<f32>, Vec<f32>)>,
) -> Result<Dataset> {
    let [train_images, train_labels, test_images, test_labels] = sources;
    let (train_name, test_name) = (train_images.name.clone(), test_images.name.clone());
    let (train, height, width) = idx::read_split(train_images, train_labels)?;
    let (test, test_height, test_width) = idx::read_split(test_images, test_labels)?;
    if (height, width) != (test_height, test_width) {
        return Err(Error::data(
            format!(
                "{train_name} has images of {height} x {width} pixels, but {test_name} of {test_height} x {test_width}"
            ),
            "put training and test images of one size into the folder",
        ));
    }
    let (mean, std) = statistics.unwrap_or_else(|| {
        let (mean, std) = mean_and_std(&train.images);
        (vec![mean], vec![std])
    });
    Ok(Dataset {
        name: name.into(),
        train,
        test,
        height,
        width,
        channels: 1,
        classes: CLASSES,
        mean,
        std,
    })
}

/// Mean and standard deviation in 0..1, to four decimals like published figures, so that a folder of MNIST
/// gets exactly those that the name gives. A set of one shade has deviation 1, as one divides by it.
fn mean_and_std(images: &[u8]) -> (f32, f32) {
    let (sum, squares) = images
        .iter()
        .fold((0_u64, 0_u64), |(sum, squares), &value| {
            let value = u64::from(value);
            (sum + value, squares + value * value)
        });
    let count = images.len() as f64;
    let mean = sum as f64 / count / 255.0;
    let variance = squares as f64 / count / (255.0 * 255.0) - mean * mean;
    let std = four_decimals(variance.max(0.0).sqrt());
    (four_decimals(mean), if std > 0.0 { std } else { 1.0 })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "statistics are f32; nothing is cut off but digits"
)]
fn four_decimals(value: f64) -> f32 {
    ((value * 1e4).round() / 1e4) as f32
}
