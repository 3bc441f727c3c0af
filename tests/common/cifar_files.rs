//! Small sets in the format of CIFAR, in folders and in archives.

#![allow(dead_code, reason = "each test file uses a part of this")]

use flate2::{Compression, write::GzEncoder};
use std::fs;
use std::io::Write;
use std::path::Path;
use tar::{Builder, EntryType, Header};
use wgprune::data::{self, Dataset};
use wgprune::error::{Error, ErrorKind};

pub(crate) const PLANE: usize = 32 * 32;
pub(crate) const TEN: &str = "cifar-10-batches-bin";
pub(crate) const HUNDRED: &str = "cifar-100-binary";

/// A record whose planes begin with three shades and are 0 elsewhere.
pub(crate) fn record(labels: &[u8], shades: [u8; 3]) -> Vec<u8> {
    let planes = shades.map(|shade| [vec![shade], vec![0; PLANE - 1]].concat());
    [labels.to_vec(), planes.concat()].concat()
}

/// The files of CIFAR-10 with one or two records each.
pub(crate) fn ten() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("data_batch_1.bin", record(&[9], [10, 20, 30])),
        ("data_batch_2.bin", record(&[0], [11, 21, 31])),
        (
            "data_batch_3.bin",
            [record(&[5], [12, 22, 32]), record(&[6], [13, 23, 33])].concat(),
        ),
        ("data_batch_4.bin", record(&[1], [14, 24, 34])),
        ("data_batch_5.bin", record(&[2], [15, 25, 35])),
        ("test_batch.bin", record(&[3], [16, 26, 36])),
    ]
}

/// The files of CIFAR-100.
pub(crate) fn hundred() -> Vec<(&'static str, Vec<u8>)> {
    let train = [record(&[19, 99], [1, 2, 3]), record(&[0, 7], [4, 5, 6])];
    vec![
        ("train.bin", train.concat()),
        ("test.bin", record(&[4, 0], [7, 8, 9])),
    ]
}

pub(crate) type Files = [(&'static str, Vec<u8>)];

pub(crate) fn write(folder: &Path, files: &Files) {
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An entry of a tar file, with whatever name.
pub(crate) fn append(
    tar: &mut Builder<Vec<u8>>,
    name: &str,
    kind: EntryType,
    size: u64,
    bytes: &[u8],
) {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_cksum();
    tar.append(&header, bytes).unwrap();
}

pub(crate) fn append_file(tar: &mut Builder<Vec<u8>>, name: &str, bytes: &[u8]) {
    append(tar, name, EntryType::Regular, bytes.len() as u64, bytes);
}

/// A tar file of these files in a folder, as it was published: with others that are of no use here.
pub(crate) fn tar(folder: &str, files: &Files) -> Builder<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    append(
        &mut tar,
        &format!("{folder}/"),
        EntryType::Directory,
        0,
        &[],
    );
    // The order in an archive is nobody's.
    for (name, bytes) in files.iter().rev() {
        append_file(&mut tar, &format!("{folder}/{name}"), bytes);
    }
    append_file(&mut tar, &format!("{folder}/readme.html"), b"<html>");
    tar
}

pub(crate) fn packed(folder: &str, files: &Files) -> Vec<u8> {
    gzip(&tar(folder, files).into_inner().unwrap())
}

pub(crate) fn open(path: &Path) -> Result<Dataset, Error> {
    data::open(path.to_str().unwrap(), None)
}

#[track_caller]
pub(crate) fn assert_data_error(result: Result<Dataset, Error>, parts: &[&str]) {
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Data, "{error}");
    for part in parts {
        assert!(error.what.contains(part), "{part:?}: {error}");
    }
    assert!(!error.help.is_empty(), "{error}");
}
