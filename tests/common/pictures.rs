//! Small image files, and folders of them.

#![allow(dead_code, reason = "each test file uses a part of this")]

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use std::fs;
use std::io::Cursor;
use std::path::Path;
use tempfile::TempDir;
use wgprune::data::{self, Dataset, ImageOptions};
use wgprune::error::{Error, ErrorKind};

/// A file in the form that its name ends with.
pub(crate) fn encode(name: &str, image: impl Into<DynamicImage>) -> Vec<u8> {
    let format = ImageFormat::from_path(name).unwrap();
    let mut file = Cursor::new(Vec::new());
    image.into().write_to(&mut file, format).unwrap();
    file.into_inner()
}

pub(crate) fn write(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A file of one colour, 8 x 8 pixels.
pub(crate) fn put(root: &Path, name: &str, colour: [u8; 3]) {
    write(
        root,
        name,
        &encode(name, RgbImage::from_pixel(8, 8, Rgb(colour))),
    );
}

pub(crate) const SIZE: u32 = 4;

pub(crate) fn open_with(root: &Path, options: ImageOptions) -> Result<Dataset, Error> {
    data::open_with(root.to_str().unwrap(), None, &options)
}

pub(crate) fn open(root: &Path) -> Result<Dataset, Error> {
    open_with(
        root,
        ImageOptions {
            size: SIZE,
            ..ImageOptions::default()
        },
    )
}

/// The first pixel of each image.
pub(crate) fn colours(set: &Dataset, images: &[u8]) -> Vec<[u8; 3]> {
    let images = images.chunks(set.image_bytes());
    images.map(|image| [image[0], image[1], image[2]]).collect()
}

#[track_caller]
pub(crate) fn assert_refused(root: &Path, parts: &[&str]) {
    let error = open(root).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Data, "{error}");
    for part in parts {
        assert!(error.what.contains(part), "{part:?}: {error}");
    }
    assert!(!error.help.is_empty(), "{error}");
}

/// Two classes with two images to train on and one to test on.
pub(crate) fn pets(test: &str) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "train/dogs/b.png", [30, 31, 32]);
    put(root.path(), "train/dogs/a.png", [20, 21, 22]);
    put(root.path(), "train/cats/2.PNG", [10, 11, 12]);
    put(root.path(), "train/cats/10.png", [0, 1, 2]);
    put(root.path(), &format!("{test}/dogs/c.png"), [50, 51, 52]);
    put(root.path(), &format!("{test}/cats/c.png"), [40, 41, 42]);
    root
}
