//! CIFAR: its binary files in folders, and which of them are refused and how.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/cifar_files.rs"]
mod cifar_files;
#[path = "common/program.rs"]
mod program;

use cifar_files::{
    Files, HUNDRED, PLANE, TEN, assert_data_error, hundred, open, packed, record, ten, write,
};
use program::{here, wgprune};
use std::fs;
use std::path::{Path, PathBuf};
use wgprune::data::{self, Dataset};
use wgprune::error::ErrorKind;

/// The images and labels of [`ten`].
fn assert_is_ten(set: &Dataset) {
    assert_eq!(
        (set.height, set.width, set.channels, set.classes),
        (32, 32, 3, 10)
    );
    assert_eq!(set.train.labels, [9, 0, 5, 6, 1, 2]);
    assert_eq!(set.test.labels, [3]);
    assert_eq!(set.train.images.len(), 6 * set.image_bytes());
    assert_eq!(set.train.images[..6], [10, 20, 30, 0, 0, 0]);
    assert_eq!(
        set.train.images[3 * set.image_bytes()..][..4],
        [13, 23, 33, 0]
    );
    assert_eq!(set.test.images[..4], [16, 26, 36, 0]);
}

#[test]
fn planes_become_pixels_and_channels_have_statistics_of_their_own() {
    let folder = here();
    let shades = [51, 102, 255].map(|shade| vec![shade; PLANE]).concat();
    let mut files = ten();
    for (_, bytes) in &mut files {
        *bytes = [vec![1], shades.clone()].concat();
    }
    // Half of the blue is dark, in all images but those to test on.
    for (_, bytes) in &mut files[..5] {
        bytes[1 + 2 * PLANE..][..PLANE / 2].fill(0);
    }
    write(folder.path(), &files);
    let set = open(folder.path()).unwrap();
    assert_eq!(
        (set.mean, set.std),
        (vec![0.2, 0.4, 0.5], vec![1.0, 1.0, 0.5])
    );

    write(folder.path(), &ten());
    assert_is_ten(&open(folder.path()).unwrap());
}

#[test]
fn a_name_finds_the_archive_or_what_it_unpacks_to() {
    let archive = packed(TEN, &ten());
    for (folder, name) in [
        (TEN, None),
        ("cifar-10/cifar-10-batches-bin", None),
        ("cifar-10", None),
        ("cifar-10", Some("cifar-10-binary.tar.gz")),
    ] {
        let root = here();
        let folder = root.path().join(folder);
        match name {
            Some(name) => write(&folder, &[(name, archive.clone())]),
            None => write(&folder, &ten()),
        }
        let set = data::open("cifar-10", Some(root.path())).unwrap();
        assert_is_ten(&set);
        assert_eq!(set.name, "cifar-10");
        assert_eq!(set.mean, [0.4914, 0.4822, 0.4465]);
        assert_eq!(set.std, [0.2470, 0.2435, 0.2616]);
    }
    // A folder that lacks a file does not hide the whole archive.
    let root = here();
    write(&root.path().join(TEN), &ten()[1..]);
    let named = || data::open("cifar-10", Some(root.path()));
    assert_data_error(
        named(),
        &[TEN, "from --data-root", "lacks data_batch_1.bin"],
    );
    write(
        &root.path().join("cifar-10"),
        &[("cifar-10-binary.tar.gz", archive)],
    );
    assert_is_ten(&named().unwrap());
    // As of other sets, the folder can be given too.
    assert_is_ten(&open(&root.path().join("cifar-10")).unwrap());
}

#[test]
fn a_set_that_is_not_there_is_refused_with_what_belongs_where() {
    let error = data::open("cifar-100-coarse", Some(here().path())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Data);
    assert!(error.what.contains("cifar-100") && error.what.contains("does not exist"));
    for part in [
        "wgprune data get cifar-100-coarse",
        "cifar-100-binary.tar.gz",
        HUNDRED,
    ] {
        assert!(error.help.contains(part), "{error}");
    }
}

#[test]
fn cifar_100_has_fine_and_coarse_labels() {
    let root = here();
    write(&root.path().join(HUNDRED), &hundred());
    let fine = data::open("cifar-100", Some(root.path())).unwrap();
    assert_eq!((fine.classes, &fine.train.labels[..]), (100, &[99, 7][..]));
    assert_eq!((&fine.test.labels[..], fine.test.images[2]), (&[0][..], 9));
    let coarse = data::open("cifar-100-coarse", Some(root.path())).unwrap();
    assert_eq!(
        (coarse.classes, &coarse.train.labels[..]),
        (20, &[19, 0][..])
    );
    assert_eq!(
        (&coarse.mean, &coarse.train.images),
        (&fine.mean, &fine.train.images)
    );
    let given = open(&root.path().join(HUNDRED)).unwrap();
    assert!(given.train == fine.train && given.classes == 100);
}

/// The error of a folder in which one file holds `bytes`: names the file and says `why`.
#[track_caller]
fn assert_file_refused(files: &Files, name: &str, bytes: &[u8], why: &str) {
    let folder = here();
    write(folder.path(), files);
    fs::write(folder.path().join(name), bytes).unwrap();
    let path = folder.path().join(name);
    assert_data_error(open(folder.path()), &[path.to_str().unwrap(), why]);
}

#[test]
fn damaged_files_are_refused_with_their_name_and_the_record() {
    let (ten, hundred) = (ten(), hundred());
    let two = &ten[2].1;
    let name = "data_batch_3.bin";
    assert_file_refused(
        &ten,
        name,
        &two[..5000],
        "inside record 1: 1927 of 3073 bytes",
    );
    assert_file_refused(
        &ten,
        name,
        &[two, &[7][..]].concat(),
        "inside record 2: 1 of 3073",
    );
    assert_file_refused(&ten, name, &[], "inside record 0: 0 of 3073");
    let wrong = [record(&[9], [0; 3]), record(&[10], [0; 3])].concat();
    assert_file_refused(&ten, name, &wrong, "label 10 in record 1");
    assert_file_refused(&ten, name, &wrong, "labels of 10 classes are 0 to 9");
    let name = "test.bin";
    assert_file_refused(
        &hundred,
        name,
        &record(&[20, 5], [0; 3]),
        "coarse label 20 in record 0",
    );
    assert_file_refused(
        &hundred,
        name,
        &record(&[5, 100], [0; 3]),
        "fine label 100 in record 0",
    );
    assert_file_refused(
        &hundred,
        name,
        &ten[0].1,
        "inside record 0: 3073 of 3074 bytes",
    );

    let folder = here();
    write(folder.path(), &ten);
    fs::remove_file(folder.path().join("data_batch_4.bin")).unwrap();
    assert_data_error(open(folder.path()), &["which lacks data_batch_4.bin"]);
}

/// The folder of a set in the form of CIFAR outside the repository.
fn real(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data")
        .join(name);
    if !path.is_dir() {
        eprintln!("skipped: there is no folder {}", path.display());
        return None;
    }
    Some(path)
}

fn per_class(labels: &[u16], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    labels
        .iter()
        .for_each(|&label| counts[usize::from(label)] += 1);
    counts
}

#[test]
fn the_full_set_has_its_known_counts_and_statistics() {
    let Some(folder) = real(TEN) else { return };
    let root = folder.parent().unwrap();
    let set = data::open("cifar-10", Some(root)).unwrap();
    assert_eq!(per_class(&set.train.labels, 10), [5000; 10]);
    assert_eq!(per_class(&set.test.labels, 10), [1000; 10]);
    let given = open(&folder).unwrap();
    assert_eq!((given.mean, given.std), (set.mean, set.std));
    let args = format!("data verify cifar-10 --json --data-root {}", root.display());
    let checked = wgprune(root, &args).json();
    assert_eq!(checked["files"].as_array().unwrap().len(), 6);
}

#[test]
fn a_part_of_cifar_100_is_balanced_in_both_labels() {
    let Some(folder) = real("cifar-100-binary-subset") else {
        return;
    };
    let set = open(&folder).unwrap();
    assert_eq!(per_class(&set.train.labels, 100), [20; 100]);
    assert_eq!(per_class(&set.test.labels, 100), [10; 100]);
    let root = here();
    let copy = root.path().join(HUNDRED);
    program::copy(&folder, &copy);
    let coarse = data::open("cifar-100-coarse", Some(root.path())).unwrap();
    assert_eq!(per_class(&coarse.train.labels, 20), [100; 20]);
    assert!(coarse.train.images == set.train.images);
    let args = format!(
        "data verify cifar-100 --data-root {}",
        root.path().display()
    );
    let run = wgprune(root.path(), &args);
    assert_eq!(run.code, Some(4));
    assert_eq!(run.stdout.matches("SHA-256 differs").count(), 2);
}

#[test]
fn a_network_trains_on_colours() {
    let folder = here();
    write(&folder.path().join("set"), &hundred());
    let args = "train --json --data set --steps 2 --batch 2 --out run";
    let run = wgprune(folder.path(), args).json();
    assert_eq!(
        (run["steps"].as_u64(), run["test_images"].as_u64()),
        (Some(2), Some(1))
    );
}
