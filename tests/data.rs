//! Data sets: what is embedded, what is found by name or folder, and what is refused and how.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use tempfile::TempDir;
use wgprune::data::{self, Split};
use wgprune::error::{Error, ErrorKind};

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// An IDX file of u8 values.
fn idx(dimensions: &[u32], values: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, u8::try_from(dimensions.len()).unwrap()];
    file.extend(dimensions.iter().flat_map(|n| n.to_be_bytes()));
    file.extend(values);
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Four training and two test images of 2 x 3 pixels.
fn small_files() -> [(&'static str, Vec<u8>); 4] {
    let pixels: Vec<u8> = (0..24).map(|i| i * 10).collect();
    [
        (TRAIN_IMAGES, idx(&[4, 2, 3], &pixels)),
        (TRAIN_LABELS, idx(&[4], &[9, 0, 5, 1])),
        (TEST_IMAGES, idx(&[2, 2, 3], &pixels[..12])),
        (TEST_LABELS, idx(&[2], &[3, 4])),
    ]
}

/// A folder of the small set in which one file holds `bytes` instead.
fn folder_with(name: &str, bytes: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, valid) in small_files() {
        let bytes = if file == name { bytes } else { &valid };
        fs::write(folder.path().join(file), bytes).unwrap();
    }
    folder
}

fn open_folder(folder: &Path) -> Result<data::Dataset, Error> {
    data::open(folder.to_str().unwrap(), None)
}

/// The error of a set in which the file `name` holds `bytes`: names the file, has a remedy, and says `why`.
fn assert_refused(name: &str, bytes: &[u8], why: &str) {
    let folder = folder_with(name, bytes);
    let error = open_folder(folder.path()).unwrap_err();
    let path = folder.path().join(name);
    assert_eq!(error.kind, ErrorKind::Data, "{error}");
    assert!(error.what.contains(path.to_str().unwrap()), "{error}");
    assert!(error.what.contains(why), "{error}");
    assert!(!error.help.is_empty(), "{error}");
}

fn per_class(split: &Split) -> [usize; 10] {
    std::array::from_fn(|class| {
        split
            .labels
            .iter()
            .filter(|&&l| usize::from(l) == class)
            .count()
    })
}

#[test]
fn the_embedded_set_is_complete_and_balanced() {
    let elsewhere = tempfile::tempdir().unwrap();
    for root in [None, Some(elsewhere.path())] {
        let set = data::open("mnist-mini", root).unwrap();
        assert_eq!(
            (set.height, set.width, set.channels, set.classes),
            (28, 28, 1, 10)
        );
        assert_eq!(
            (per_class(&set.train), per_class(&set.test)),
            ([600; 10], [100; 10])
        );
        assert_eq!(set.train.images.len(), 6000 * set.image_bytes());
        assert_eq!(set.test.images.len(), 1000 * set.image_bytes());
        assert_eq!((set.mean, set.std), (vec![0.1307], vec![0.3081]));
    }
}

/// A run goes on only with data of the hash that it began with.
#[test]
fn the_hash_of_a_set_is_one_that_earlier_runs_know() {
    let mut set = data::open("mnist-mini", None).unwrap();
    assert_eq!(
        set.sha256(),
        "9597cf09ec895a8d8293833e05d899da135f49395b23fc433c9306fcd3d283ef"
    );
    set.classes = 257;
    let wide = set.sha256();
    set.train.labels[0] += 256;
    assert_ne!(set.sha256(), wide);
}

#[test]
fn plain_and_gzip_files_read_equal_whatever_their_names() {
    let plain = folder_with("", &[]);
    let (zipped, misnamed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (name, bytes) in small_files() {
        fs::write(zipped.path().join(format!("{name}.gz")), gzip(&bytes)).unwrap();
        // Some tools keep the name when they unpack, others when they pack.
        let is_image = name.contains("images");
        let (suffix, bytes) = if is_image {
            (".gz", bytes)
        } else {
            ("", gzip(&bytes))
        };
        fs::write(misnamed.path().join(format!("{name}{suffix}")), bytes).unwrap();
    }
    let set = open_folder(plain.path()).unwrap();
    assert_eq!(set.name, plain.path().to_str().unwrap());
    assert_eq!((set.height, set.width), (2, 3));
    assert_eq!((set.train.len(), set.test.len()), (4, 2));
    assert_eq!(set.train.labels, [9, 0, 5, 1]);
    assert_eq!(set.train.images[6..9], [60, 70, 80]);
    // Of 0, 10, ..., 230: mean 115 / 255, deviation 10 sqrt((24 * 24 - 1) / 12) / 255.
    assert_eq!((&set.mean, &set.std), (&vec![0.4510], &vec![0.2715]));
    for other in [zipped, misnamed] {
        let other = open_folder(other.path()).unwrap();
        assert!(set.train == other.train && set.test == other.test);
    }
}

#[test]
fn a_file_in_several_gzip_members_is_read_whole() {
    let (name, bytes) = &small_files()[0];
    let members = [gzip(&bytes[..20]), gzip(&bytes[20..])].concat();
    let folder = folder_with(name, &members);
    assert_eq!(open_folder(folder.path()).unwrap().train.len(), 4);
}

#[test]
fn a_set_of_one_shade_has_deviation_one() {
    let folder = folder_with(TRAIN_IMAGES, &idx(&[4, 2, 3], &[255; 24]));
    let set = open_folder(folder.path()).unwrap();
    assert_eq!((set.mean, set.std), (vec![1.0], vec![1.0]));
}

#[test]
fn names_resolve_in_the_root_and_nowhere_else() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("fashion-mnist")).unwrap();
    for (name, bytes) in small_files() {
        fs::write(root.path().join("fashion-mnist").join(name), bytes).unwrap();
    }
    let set = data::open("fashion-mnist", Some(root.path())).unwrap();
    assert_eq!(
        (set.name.as_str(), set.mean, set.std),
        ("fashion-mnist", vec![0.2860], vec![0.3530])
    );

    let error = data::open("mnist", Some(root.path())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Data);
    let place = root.path().join("mnist");
    assert!(error.what.contains(place.to_str().unwrap()), "{error}");
    for wanted in [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS] {
        assert!(error.help.contains(wanted), "{error}");
    }
    assert!(
        error.help.contains("wgprune data get mnist --data-root")
            && error.help.contains("mnist-mini"),
        "{error}"
    );

    fs::remove_file(root.path().join("fashion-mnist").join(TEST_LABELS)).unwrap();
    let error = data::open("fashion-mnist", Some(root.path())).unwrap_err();
    assert!(
        error.what.contains(&format!("lacks {TEST_LABELS}")),
        "{error}"
    );
}

#[test]
fn an_unknown_name_is_a_config_error_with_a_guess() {
    for (name, guess) in [
        ("mnits", "mnist"),
        ("MNIST", "mnist"),
        ("fashion_mnist", "fashion-mnist"),
    ] {
        let error = data::open(name, None).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config, "{error}");
        assert!(
            error.what.contains("mnist-mini, mnist, fashion-mnist"),
            "{error}"
        );
        assert!(
            error.help.contains(&format!("did you mean {guess}?")),
            "{error}"
        );
        assert!(error.help.contains("folder"), "{error}");
    }
    for name in ["", "imagenet", "\u{1f980}"] {
        let error = data::open(name, None).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config, "{error}");
        assert!(!error.help.contains("did you mean"), "{error}");
    }
}

#[test]
fn a_path_that_is_no_folder_is_a_data_error() {
    let folder = folder_with("", &[]);
    for (path, state) in [
        ("nowhere", "does not exist"),
        (TRAIN_IMAGES, "is not a folder"),
    ] {
        let error = open_folder(&folder.path().join(path)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Data, "{error}");
        assert!(error.what.contains(state), "{error}");
    }
}

#[test]
fn damaged_files_are_refused_by_name() {
    let [(_, images), (_, labels), ..] = small_files();
    let longer = [images.as_slice(), &[0]].concat();
    assert_refused(
        TRAIN_IMAGES,
        &images[..30],
        "expected 24 bytes after the header, found 14",
    );
    assert_refused(
        TRAIN_IMAGES,
        &longer,
        "expected 24 bytes after the header, found at least 25",
    );
    assert_refused(
        TRAIN_IMAGES,
        &gzip(&images[..30]),
        "expected 24 bytes after the header, found 14",
    );
    assert_refused(
        TRAIN_IMAGES,
        &gzip(&longer),
        "expected 24 bytes after the header, found at least 25",
    );
    assert_refused(TRAIN_IMAGES, &images[..10], "expected 16 bytes, found 10");
    assert_refused(TRAIN_IMAGES, &[], "expected 16 bytes, found 0");
    assert_refused(TRAIN_IMAGES, &labels, "expected 16 bytes, found 12");
    assert_refused(
        TRAIN_LABELS,
        &images,
        "holds images, but labels belong there",
    );
    assert_refused(
        TRAIN_LABELS,
        b"PK\x03\x04 and so on",
        "begins with 0x504b0304, not 0x00000801",
    );
    assert_refused(TRAIN_IMAGES, &idx(&[0, 2, 3], &[]), "announces 0 x 2 x 3");
    assert_refused(TEST_IMAGES, &idx(&[2, 3, 2], &[0; 12]), "3 x 2");
    assert_refused(TEST_LABELS, &idx(&[3], &[0; 3]), "has 3 labels");
    assert_refused(
        TEST_LABELS,
        &idx(&[2], &[3, 10]),
        "has the label 10 for image 1",
    );
}

#[test]
fn web_pages_are_called_so() {
    for page in [
        "<!DOCTYPE html><html>",
        "\n  <html lang=en>",
        "<!doctype",
        "<?xml version=\"1.0\"?>",
    ] {
        assert_refused(TRAIN_LABELS, page.as_bytes(), "web page");
        assert_refused(TRAIN_IMAGES, &gzip(page.as_bytes()), "web page");
    }
}

#[test]
fn corrupt_gzip_is_refused_by_name() {
    let whole = gzip(&small_files()[0].1);
    let mut wrong_checksum = whole.clone();
    wrong_checksum[whole.len() - 8] ^= 1;
    assert_refused(TRAIN_IMAGES, &wrong_checksum, "cannot be unpacked");
    assert_refused(
        TRAIN_IMAGES,
        &whole[..whole.len() - 12],
        "cannot be unpacked",
    );
    assert_refused(TRAIN_IMAGES, &whole[..2], "cannot be unpacked");
    assert_refused(
        TRAIN_IMAGES,
        &[whole.as_slice(), b"more"].concat(),
        "cannot be unpacked",
    );
}

#[test]
fn headers_are_not_believed() {
    for dimensions in [[u32::MAX; 3], [1 << 31, 1 << 31, 4], [1 << 20, 1 << 10, 2]] {
        assert_refused(
            TRAIN_IMAGES,
            &idx(&dimensions, &[]),
            "more than the 1073741824",
        );
    }
    // Exactly as much as is allowed, so that only the bytes tell.
    let claim = idx(&[1 << 20, 1 << 10, 1], &[7]);
    assert_refused(
        TRAIN_IMAGES,
        &claim,
        "expected 1073741824 bytes after the header, found 1",
    );
    let bomb = idx(&[4, 2, 3], &vec![0; 64 << 20]);
    assert_refused(TRAIN_IMAGES, &gzip(&bomb), "found at least 25");
}

#[test]
fn the_full_set_has_its_known_counts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !root.join("mnist").is_dir() {
        eprintln!("skipped: there is no full MNIST in {}", root.display());
        return;
    }
    let set = data::open("mnist", Some(&root)).unwrap();
    let train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
    let test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];
    assert_eq!((set.train.len(), set.test.len()), (60000, 10000));
    assert_eq!((per_class(&set.train), per_class(&set.test)), (train, test));
    assert_eq!(set.train.images.len(), 60000 * 28 * 28);

    let by_folder = open_folder(&root.join("mnist")).unwrap();
    assert_eq!((by_folder.mean, by_folder.std), (set.mean, set.std));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(
        file in 0..4_usize,
        prefix in 0..4_usize,
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let prefix: &[u8] = [&[][..], &[0, 0, 8, 3], &[0, 0, 8, 1], &[0x1f, 0x8b, 8]][prefix];
        let folder = folder_with(small_files()[file].0, &[prefix, &bytes].concat());
        if let Err(error) = open_folder(folder.path()) {
            prop_assert_eq!(error.kind, ErrorKind::Data);
        }
    }

    #[test]
    fn mutations_of_a_valid_file_never_panic(
        file in 0..4_usize,
        zipped in any::<bool>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        end in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let (name, bytes) = &small_files()[file];
        let mut bytes = if zipped { gzip(bytes) } else { bytes.clone() };
        for (position, value) in edits {
            let position = position.index(bytes.len());
            bytes[position] = value;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        let folder = folder_with(name, &bytes);
        match open_folder(folder.path()) {
            Ok(set) => {
                prop_assert_eq!(set.train.images.len(), set.train.len() * set.image_bytes());
                prop_assert!(set.train.labels.iter().all(|&label| label < 10));
            }
            Err(error) => prop_assert_eq!(error.kind, ErrorKind::Data),
        }
    }
}
