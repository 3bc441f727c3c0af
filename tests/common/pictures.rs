//! Small image files, and folders of them.

#![allow(dead_code, reason = "each test file uses a part of this")]

use flate2::Crc;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use jpeg_encoder::{ColorType, Encoder};
use std::fs;
use std::io::Cursor;
use std::path::Path;
use tempfile::TempDir;
use wgprune::data::{self, Dataset, ImageOptions};
use wgprune::error::{Error, ErrorKind};

/// A file in the form that its name ends with; a JPEG file in colours.
pub(crate) fn encode(name: &str, image: impl Into<DynamicImage>) -> Vec<u8> {
    let image = image.into();
    if ImageFormat::from_path(name).unwrap() == ImageFormat::Jpeg {
        let image = image.into_rgb8();
        return jpeg(image.as_raw(), image.dimensions(), ColorType::Rgb, false);
    }
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

/// A JPEG file of these values, whose rows come all at once or, if it is progressive, coarsely first.
pub(crate) fn jpeg(values: &[u8], (w, h): (u32, u32), colours: ColorType, fine: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 90);
    encoder.set_progressive(fine);
    let [w, h] = [w, h].map(|side| u16::try_from(side).unwrap());
    encoder.encode(values, w, h, colours).unwrap();
    file
}

/// A PNG file of so many pixels a side, with a depth and a kind of colours, of these parts.
pub(crate) fn png(side: u32, colours: [u8; 2], parts: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let chunk = |kind: &[u8], data: &[u8]| {
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(data);
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length[..], kind, data, &crc.sum().to_be_bytes()].concat()
    };
    let side = side.to_be_bytes();
    let header = [&side[..], &side, &colours, &[0; 3]].concat();
    let parts = parts.iter().map(|(kind, data)| chunk(*kind, data));
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &header),
        parts.collect::<Vec<_>>().concat(),
        chunk(b"IEND", b""),
    ]
    .concat()
}

/// A PNG file that says it is so large, and holds next to nothing.
pub(crate) fn bomb(side: u32) -> Vec<u8> {
    png(side, [8, 2], &[(b"IDAT", &[0; 8])])
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
