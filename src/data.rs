//! Image data sets: the one embedded in the program, those found by name or folder, and how they are downloaded.

use sha2::{Digest, Sha256};
use std::path::Path;

use crate::error::Result;
use crate::hash::hex;
use crate::net::Shape;

mod archive;
mod catalogue;
mod cifar;
mod copies;
mod fetch;
mod idx;
mod image_folder;
mod locate;
mod source;
mod verify;

pub use catalogue::{Archive, Entry, Format, Home, Member, Packing, SETS, find};
pub use cifar::Cifar;
pub use copies::present;
pub use fetch::{Event, Fetched, Options, get};
pub use image_folder::ImageOptions;
use locate::{Folder, Place};
pub use locate::{absolute, root};
pub use verify::{Found, State, verify};

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

/// What the files of a format hold.
struct Contents {
    train: Split,
    test: Split,
    shape: Shape,
    classes: u32,
}

/// Opens a data set by name, as [`SETS`] has them, or by path: a folder with the four files of MNIST's format or with
/// those of CIFAR, an archive of CIFAR, or a folder of images with a folder to each class.
///
/// `mnist-mini` is always the embedded one. The others lie in a folder in `data_root`; without
/// it, in the folder that `WGPRUNE_DATA` names; without that, in `wgprune` in the platform's data folder.
/// Whatever has a path separator in it, or is here without being a known name, is taken as a path;
/// channel statistics are then those of its own training images.
///
/// # Errors
///
/// Of kind `Config` if the name is unknown, and of kind `Data` if files are missing or damaged.
pub fn open(name_or_path: &str, data_root: Option<&Path>) -> Result<Dataset> {
    open_with(name_or_path, data_root, &ImageOptions::default())
}

/// [`open`], where a folder of images is read as `images` has it.
///
/// # Errors
///
/// As [`open`].
pub fn open_with(
    name_or_path: &str,
    data_root: Option<&Path>,
    images: &ImageOptions,
) -> Result<Dataset> {
    let (contents, published) = match locate::locate(name_or_path, data_root)? {
        Place::Program(entry, files) => (idx::read_embedded(entry, files)?, Some(entry)),
        Place::Root(entry, root) => {
            let folder = Folder::of_set(entry, &root);
            let contents = match entry.format {
                Format::Idx => idx::read_folder(&folder)?,
                Format::Cifar(set) => cifar::read_set(set, entry, &root.path, &folder)?,
            };
            (contents, Some(entry))
        }
        Place::Path(path) => (read_path(path, images)?, None),
    };
    let Contents {
        train,
        test,
        shape: Shape { h, w, c },
        classes,
    } = contents;
    let (mean, std) = match published {
        Some(entry) => (entry.mean.to_vec(), entry.std.to_vec()),
        None => (0..c as usize)
            .map(|channel| mean_and_std(train.images.iter().skip(channel).step_by(c as usize)))
            .unzip(),
    };
    Ok(Dataset {
        name: name_or_path.into(),
        train,
        test,
        height: h,
        width: w,
        channels: c,
        classes,
        mean,
        std,
    })
}

/// Reads what lies at a path, in the format that its files tell.
fn read_path(path: &Path, images: &ImageOptions) -> Result<Contents> {
    let folder = Folder::given(path);
    let name = path.to_string_lossy();
    if path.is_file() && [".tar.gz", ".tgz"].iter().any(|end| name.ends_with(end)) {
        cifar::read_any_archive(path)
    } else if idx::is_in(path) {
        idx::read_folder(&folder)
    } else if let Some(contents) = cifar::read_given(&folder) {
        contents
    } else if image_folder::is_in(path) {
        image_folder::read(path, images)
    } else {
        let wanted = [
            idx::wanted(),
            Cifar::Ten.wanted(),
            Cifar::Hundred.wanted(),
            "a folder of JPEG or PNG files for each class, or train and val with such folders"
                .into(),
        ];
        Err(folder.lacks(&[], &wanted.join("; or ")))
    }
}

/// Mean and standard deviation of one channel in 0..1, to four decimals like published figures, so that a folder of a
/// published set gets those that the name gives. A channel of one shade has deviation 1, as one divides by it.
fn mean_and_std<'a>(channel: impl Iterator<Item = &'a u8>) -> (f32, f32) {
    let (mut count, mut sum, mut squares) = (0_u64, 0_u64, 0_u64);
    for &value in channel {
        let value = u64::from(value);
        count += 1;
        sum += value;
        squares += value * value;
    }
    let count = count as f64;
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
