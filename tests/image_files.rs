//! Image files: what becomes of one, and which are bad.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/pictures.rs"]
mod pictures;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use jpeg_encoder::ColorType;
use pictures::{
    SIZE, assert_refused, bomb, colours, encode, jpeg, open, open_with, pets, png, write,
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use wgprune::data::ImageOptions;
use wgprune::error::ErrorKind;

/// The lowest eight bits.
fn low(number: u32) -> u8 {
    number.to_le_bytes()[0]
}

#[test]
fn the_square_in_the_middle_is_scaled_and_shades_become_colours() {
    let stripes = |w: u32, h: u32| {
        RgbImage::from_fn(w, h, |x, y| match (3 * x.max(y)) / w.max(h) {
            0 => Rgb([255, 0, 0]),
            1 => Rgb([0, 255, 0]),
            _ => Rgb([0, 0, 255]),
        })
    };
    // Every second column is white, so that half as many are grey.
    let columns = RgbImage::from_fn(8, 8, |x, _| Rgb([if x % 2 == 0 { 0 } else { 200 }; 3]));
    let exact = RgbImage::from_fn(4, 4, |x, y| Rgb([low(x), low(y), 9]));
    let root = pets("val");
    let train = root.path().join("train/cats");
    fs::remove_dir_all(&train).unwrap();
    for (name, image) in [
        ("1.png", DynamicImage::from(stripes(30, 10))),
        ("2.png", stripes(10, 30).into()),
        ("3.png", exact.clone().into()),
        ("4.png", columns.into()),
        ("5.png", GrayImage::from_pixel(5, 9, Luma([77])).into()),
        (
            "6.png",
            RgbaImage::from_pixel(9, 5, Rgba([1, 2, 3, 0])).into(),
        ),
        ("7.jpg", GrayImage::from_pixel(16, 16, Luma([128])).into()),
        ("8.jpeg", RgbImage::from_pixel(2, 3, Rgb([128; 3])).into()),
    ] {
        write(&train, name, &encode(name, image));
    }
    let set = open(root.path()).unwrap();
    let images: Vec<_> = set.train.images.chunks(set.image_bytes()).collect();
    let pixels = |i: usize| {
        images[i]
            .chunks(3)
            .map(<[u8]>::to_vec)
            .collect::<BTreeSet<_>>()
    };
    let one = |pixel: [u8; 3]| BTreeSet::from([pixel.to_vec()]);
    assert_eq!((pixels(0), pixels(1)), (one([0, 255, 0]), one([0, 255, 0])));
    assert_eq!(images[2], exact.into_raw());
    // The kernel reaches over three columns, but only over two at the edges.
    for middle in images[3].chunks(12).flat_map(|row| &row[3..9]) {
        assert!((95..=105).contains(middle), "{:?}", images[3]);
    }
    assert_eq!((pixels(4), pixels(5)), (one([77; 3]), one([1, 2, 3])));
    assert_eq!((pixels(6), pixels(7)), (one([128; 3]), one([128; 3])));
}

#[test]
fn bad_files_are_refused_by_name() {
    let noise = RgbImage::from_fn(40, 40, |x, y| Rgb([low(x * y), low(x * 7), low(y * 11)]));
    let jpeg = encode("x.jpg", noise.clone());
    let png = encode("x.png", noise);
    let mut wrong = png.clone();
    wrong[60] ^= 0xff;
    let scan = jpeg.windows(2).position(|mark| mark == [0xff, 0xda]);
    let no_tables = [&jpeg[..2], &jpeg[scan.unwrap()..]].concat();
    // A code of nothing but ones is none, so that a strict decoder stumbles whatever the tables.
    let mut no_code = jpeg.clone();
    let middle = jpeg.len() - 400;
    no_code.splice(middle..middle, [0xff, 0].repeat(20));
    for (bytes, why) in [
        (&jpeg[..jpeg.len() / 2], "ends before its image does"),
        (&jpeg[..jpeg.len() - 2], "ends before its image does"),
        (&jpeg[..30], "ends before its image does"),
        (&no_tables, "cannot be decoded"),
        (&no_code, "cannot be decoded"),
        (&png[..png.len() / 2], "cannot be decoded"),
        (&wrong, "cannot be decoded"),
        (&[], "neither a JPEG nor a PNG"),
        (b"GIF89a and so on", "neither a JPEG nor a PNG"),
        (b"<!DOCTYPE html>", "neither a JPEG nor a PNG"),
        (&bomb(20_000), "says that it has 20000 x 20000 pixels"),
        (&bomb(16_000), "says that it has 16000 x 16000 pixels"),
    ] {
        let root = pets("val");
        write(root.path(), "train/dogs/bad.jpg", bytes);
        let path = root.path().join("train").join("dogs").join("bad.jpg");
        assert_refused(root.path(), &[path.to_str().unwrap(), why]);
    }
}

#[test]
fn a_jpeg_file_that_was_cut_is_refused_wherever_it_was_and_whatever_follows() {
    let noise = RgbImage::from_fn(40, 40, |x, y| Rgb([low(x * y), low(x * 7), low(y * 11)]));
    for progressive in [false, true] {
        let whole = jpeg(noise.as_raw(), (40, 40), ColorType::Rgb, progressive);
        let root = pets("val");
        let path = "train/dogs/cut.jpg";
        // A second image, or anything else, may follow the first one.
        write(root.path(), path, &[&whole[..], &whole[..50]].concat());
        open(root.path()).unwrap();
        for length in (0..whole.len() - 2).step_by(41).chain([whole.len() - 2]) {
            write(root.path(), path, &whole[..length]);
            assert_refused(root.path(), &["cut.jpg"]);
            // What a tool made whole again lacks pixels all the same; a progressive file only lacks fine ones.
            if !progressive && length < whole.len() - 2 {
                write(
                    root.path(),
                    path,
                    &[&whole[..length], &[0xff, 0xd9]].concat(),
                );
                assert_refused(root.path(), &["cut.jpg"]);
            }
        }
    }
}

/// A PNG file with two colours, of which each pixel names one.
fn with_palette(colours: [[u8; 3]; 2]) -> Vec<u8> {
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::default());
    // Each row begins with its filter, none.
    rows.write_all(&[[0, 1, 1, 1, 1, 1, 1, 1, 1]; 8].concat())
        .unwrap();
    let rows = rows.finish().unwrap();
    png(8, [8, 3], &[(b"PLTE", &colours.concat()), (b"IDAT", &rows)])
}

#[test]
fn whatever_form_the_colours_have_they_become_red_green_and_blue() {
    let photo = jpeg(&[128; 48], (4, 4), ColorType::Rgb, false);
    // The text of Exif with one entry: the picture is to be turned.
    let turned =
        b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let turned = [&photo[..2], turned, &photo[2..]].concat();
    let ink = [0, 255, 127, 0].repeat(64);
    let deep = ImageBuffer::from_pixel(8, 8, Luma([77 * 257_u16]));
    let deep_colours = ImageBuffer::from_pixel(8, 8, Rgba([256 * 9_u16, 0, 65535, 7]));
    let dark = DynamicImage::from(GrayImage::from_pixel(8, 8, Luma([90])));
    let root = pets("val");
    let train = root.path().join("train/cats");
    fs::remove_dir_all(&train).unwrap();
    for (name, bytes, colour) in [
        (
            "cmyk.jpg",
            jpeg(&ink, (8, 8), ColorType::Cmyk, false),
            [255, 0, 128],
        ),
        (
            "deep.png",
            encode("x.png", DynamicImage::from(deep)),
            [77; 3],
        ),
        (
            "deeper.png",
            encode("x.png", DynamicImage::from(deep_colours)),
            [9, 0, 255],
        ),
        (
            "grey.jpg",
            jpeg(&[128; 64], (8, 8), ColorType::Luma, false),
            [128; 3],
        ),
        ("grey.png", encode("x.png", dark), [90; 3]),
        (
            "palette.png",
            with_palette([[50, 0, 100], [150, 0, 200]]),
            [150, 0, 200],
        ),
        (
            "progressive.jpg",
            jpeg(&[128; 192], (8, 8), ColorType::Rgb, true),
            [128; 3],
        ),
        ("turned.jpg", turned, [128; 3]),
    ] {
        fs::create_dir_all(&train).unwrap();
        fs::write(train.join(name), bytes).unwrap();
        let set = open(root.path()).unwrap();
        let [read, ..] = colours(&set, &set.train.images)[..] else {
            panic!("{name} is not there");
        };
        let near = read.iter().zip(colour).all(|(a, b)| a.abs_diff(b) <= 2);
        assert!(near, "{name}: {read:?}");
        fs::remove_file(train.join(name)).unwrap();
    }
}

/// The same on every processor, as a run that is repeated elsewhere must find the same images. If this fails after a
/// new version of the image crate or of zune-jpeg, say so in the changelog.
#[test]
fn a_picture_decodes_to_these_bytes() {
    let root = pets("val");
    let photo = include_bytes!("pictures/waves.jpg");
    write(root.path(), "train/cats/0.jpg", photo);
    let size = 24;
    let set = open_with(
        root.path(),
        ImageOptions {
            size,
            ..ImageOptions::default()
        },
    )
    .unwrap();
    let pixels = &set.train.images[..set.image_bytes()];
    let hash: String = Sha256::digest(pixels)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        hash,
        "c7d2e490f358a96619cfc1861039a043d7797f699a43b0ae1c6bc1608c7ec737"
    );
}

#[test]
fn some_bad_files_are_left_out_if_that_is_allowed() {
    let root = pets("val");
    for name in ["train/cats/0.png", "train/cats/20.png", "val/dogs/a.jpg"] {
        write(root.path(), name, b"nothing");
    }
    let whole = open(pets("val").path()).unwrap();
    let with = |skip_bad| {
        open_with(
            root.path(),
            ImageOptions {
                size: SIZE,
                skip_bad,
                ..ImageOptions::default()
            },
        )
    };
    let set = with(3).unwrap();
    assert!(set.train == whole.train && set.test == whole.test);
    for (allowed, parts) in [
        (0, vec!["cats/0.png"]),
        (1, vec!["more than 1 files", "cats/0.png", "cats/20.png"]),
        (
            2,
            vec![
                "more than 2 files",
                "cats/0.png",
                "cats/20.png",
                "dogs/a.jpg",
            ],
        ),
    ] {
        let error = with(allowed).unwrap_err();
        for part in parts {
            let part = part.replace('/', std::path::MAIN_SEPARATOR_STR);
            assert!(error.what.contains(&part), "{error}");
        }
        assert!(error.help.contains("--skip-bad N"), "{error}");
    }
    for name in ["2.PNG", "10.png"] {
        fs::write(root.path().join("train/cats").join(name), b"").unwrap();
    }
    let error = with(9).unwrap_err();
    assert!(error.what.contains("of the class cats"), "{error}");
}

#[test]
fn real_photos_are_read_in_any_shape() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/flowers-small");
    if !folder.is_dir() {
        eprintln!("skipped: there is no folder {}", folder.display());
        return;
    }
    let set = open_with(&folder, ImageOptions::default()).unwrap();
    assert_eq!(
        (set.height, set.width, set.channels, set.classes),
        (64, 64, 3, 5)
    );
    let count = |labels: &[u16]| {
        [0, 1, 2, 3, 4].map(|class| labels.iter().filter(|&&l| l == class).count())
    };
    assert_eq!(
        (count(&set.train.labels), count(&set.test.labels)),
        ([150; 5], [40; 5])
    );
    // Photos are neither black nor white, and flowers are redder than they are blue.
    assert!(
        set.mean.iter().all(|mean| (0.25..0.55).contains(mean)),
        "{:?}",
        set.mean
    );
    assert!(set.mean[0] > set.mean[2] && set.std.iter().all(|std| *std > 0.2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn damaged_files_never_panic(
        is_jpeg in any::<bool>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        let name = if is_jpeg { "x.jpg" } else { "x.png" };
        let mut bytes = encode(name, RgbImage::from_fn(20, 30, |x, y| Rgb([low(x), low(y), 7])));
        for (position, value) in edits {
            let position = position.index(bytes.len());
            bytes[position] = value;
        }
        bytes.truncate(end.index(2 * bytes.len()));
        let root = pets("val");
        write(root.path(), "val/cats/c.png", &bytes);
        if let Err(error) = open(root.path()) {
            prop_assert_eq!(error.kind, ErrorKind::Data);
        }
    }
}
