//! Archives of CIFAR: what is read from them, what is refused, and how they are compared with what was published.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/cifar_files.rs"]
mod cifar_files;
#[path = "common/program.rs"]
mod program;

use cifar_files::{
    HUNDRED, TEN, append, append_file, assert_data_error, gzip, hundred, open, packed, tar, ten,
    write,
};
use program::{assert_command_refused, here};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::fs;
use tar::EntryType;
use tempfile::TempDir;
use wgprune::data::{self, Archive, Cifar, Entry, Format, Home, Member, Packing, State};
use wgprune::error::ErrorKind;

#[test]
fn an_archive_is_read_wherever_it_lies_and_nothing_is_unpacked() {
    let folder = here();
    for (inside, name, files) in [
        (TEN, "mine.tar.gz", ten()),
        (HUNDRED, "other.tgz", hundred()),
        ("./cifar-100-binary", "third.tgz", hundred()),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, packed(inside, &files)).unwrap();
        let set = open(&path).unwrap();
        assert_eq!(set.classes, if inside == TEN { 10 } else { 100 });
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn a_damaged_file_in_an_archive_is_named() {
    let folder = here();
    let mut files = ten();
    files[1].1.pop();
    fs::write(folder.path().join("set.tar.gz"), packed(TEN, &files)).unwrap();
    let parts = ["set.tar.gz, file data_batch_2.bin ends inside record 0"];
    assert_command_refused(folder.path(), "train --data set.tar.gz", 4, &parts);
}

#[track_caller]
fn assert_archive_refused(bytes: &[u8], why: &str) {
    let folder = here();
    let path = folder.path().join("set.tar.gz");
    fs::write(&path, bytes).unwrap();
    assert_data_error(open(&path), &[path.to_str().unwrap(), why]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn archives_that_no_data_set_would_be_in_are_refused() {
    let with = |name: &str, kind, size, bytes: &[u8]| {
        let mut tar = tar(TEN, &ten());
        append(&mut tar, name, kind, size, bytes);
        gzip(&tar.into_inner().unwrap())
    };
    let regular = EntryType::Regular;
    for name in [
        "../evil",
        "cifar-10-batches-bin/../../evil",
        "/etc/evil",
        "C:\\evil",
        "..\\evil",
    ] {
        let archive = with(name, regular, 1, b"x");
        assert_archive_refused(&archive, &format!("has the entry {name}, which leads out"));
    }
    for kind in [EntryType::Symlink, EntryType::Link] {
        let archive = with("cifar-10-batches-bin/link", kind, 0, b"");
        assert_archive_refused(&archive, "cifar-10-batches-bin/link, which is a link");
    }
    let archive = with("pipe", EntryType::Fifo, 0, b"");
    assert_archive_refused(&archive, "has the entry pipe, which is not a plain file");
    let first = format!("{TEN}/data_batch_1.bin");
    let archive = with(&first, regular, 3073, &ten()[0].1);
    assert_archive_refused(&archive, &format!("has the entry {first} twice"));
    for name in [first.as_str(), "large"] {
        let archive = with(name, regular, 1 << 32, b"");
        assert_archive_refused(
            &archive,
            &format!("has the entry {name} of 4294967296 bytes"),
        );
    }
    let archive = packed(TEN, &ten()[1..]);
    assert_archive_refused(&archive, &format!("lacks {first}"));
    // As good as missing: it is not where it belongs.
    let mut elsewhere = tar(TEN, &ten()[1..]);
    append_file(&mut elsewhere, "data_batch_1.bin", &ten()[0].1);
    assert_archive_refused(
        &gzip(&elsewhere.into_inner().unwrap()),
        &format!("lacks {first}"),
    );
    assert_archive_refused(&packed("photos", &ten()), "begins with \"photos\"");
}

#[test]
fn a_name_in_an_extension_of_tar_does_not_count() {
    let mut files = ten();
    let (_, bytes) = files.remove(0);
    let mut tar = tar(TEN, &files);
    let path = format!("path={TEN}/data_batch_1.bin\n");
    let text = format!("{} {path}", path.len() + 3);
    append(
        &mut tar,
        "pax",
        EntryType::XHeader,
        text.len() as u64,
        text.as_bytes(),
    );
    append_file(&mut tar, "innocent", &bytes);
    assert_archive_refused(
        &gzip(&tar.into_inner().unwrap()),
        "lacks cifar-10-batches-bin",
    );
}

#[test]
fn damaged_archives_are_refused() {
    let whole = packed(TEN, &ten());
    for length in [20, whole.len() / 2, whole.len() - 4] {
        assert_archive_refused(&whole[..length], "cannot be unpacked");
    }
    let mut wrong_checksum = whole.clone();
    wrong_checksum[whole.len() - 8] ^= 1;
    assert_archive_refused(&wrong_checksum, "cannot be unpacked");
    let cut = tar(TEN, &ten()).into_inner().unwrap();
    assert_archive_refused(&gzip(&cut[..3000]), "ends early");
    assert_archive_refused(&gzip(&[]), "without entries");
    assert_archive_refused(&[], "not an archive packed with gzip");
    assert_archive_refused(b"BZh91AY", "not an archive packed with gzip");
    assert_archive_refused(b"<!DOCTYPE html><title>404", "is a web page");
    assert_archive_refused(&gzip(&[1; 5000]), "cannot be unpacked");
}

fn sha256(bytes: &[u8]) -> &'static str {
    let digits = Sha256::digest(bytes);
    let text: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    text.leak()
}

/// A set of which [`ten`] was published in this archive.
fn published(archive: &[u8]) -> Entry {
    let member = |(name, bytes): &(&'static str, Vec<u8>)| Member {
        name,
        sha256: sha256(bytes),
    };
    Entry {
        name: "small",
        folder: "small",
        format: Format::Cifar(Cifar::Ten),
        images: [6, 1],
        terms: "none",
        mean: &[0.0; 3],
        std: &[1.0; 3],
        home: Home::Mirrors(&[]),
        archives: vec![Archive {
            name: "small.tar.gz",
            bytes: archive.len() as u64,
            sha256: sha256(archive),
            packing: Packing::Tar(TEN),
            members: ten().iter().map(member).collect::<Vec<_>>().leak(),
        }]
        .leak(),
    }
}

#[test]
fn archives_and_unpacked_files_are_compared_with_what_was_published() {
    let archive = packed(TEN, &ten());
    let entry = published(&archive);
    let states = |root: &TempDir| -> Vec<State> {
        let found = data::verify(&entry, root.path()).unwrap();
        found.into_iter().map(|found| found.state).collect()
    };
    let get =
        |root: &TempDir| data::get(&entry, root.path(), &data::Options::default(), &mut |_| ());
    let root = here();
    let path = root.path().join("small/small.tar.gz");
    assert_eq!(states(&root), [State::Missing]);
    write(&root.path().join("small"), &[("small.tar.gz", archive)]);
    assert_eq!(states(&root), [State::Archive]);
    assert_eq!(get(&root).unwrap()[0].path, path);
    assert_eq!(
        data::present(&entry, root.path()),
        [root.path().join("small")]
    );

    fs::write(&path, gzip(&[0; 100])).unwrap();
    assert!(matches!(&states(&root)[..], [State::Wrong(_)]));
    assert!(
        get(&root)
            .unwrap_err()
            .what
            .contains("small.tar.gz is not what was published")
    );
    // The same files in another archive.
    let mut again = tar(TEN, &ten());
    append_file(&mut again, "more", b"");
    fs::write(&path, gzip(&again.into_inner().unwrap())).unwrap();
    assert_eq!(states(&root), [State::Content]);

    for folder in [TEN, "small/cifar-10-batches-bin"] {
        let root = here();
        let folder = root.path().join(folder);
        write(&folder, &ten());
        assert_eq!(states(&root), vec![State::Content; 6]);
        assert_eq!(data::present(&entry, root.path())[..], [&*folder]);
        assert_eq!(get(&root).unwrap()[0].path, folder.join("data_batch_1.bin"));
        fs::write(folder.join("test_batch.bin"), "other").unwrap();
        fs::remove_file(folder.join("data_batch_2.bin")).unwrap();
        let found = states(&root);
        assert_eq!(found.iter().filter(|state| state.is_right()).count(), 4);
        assert!(found[1] == State::Missing && matches!(found[5], State::Wrong(_)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn mutations_of_an_archive_never_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = tar(HUNDRED, &hundred()).into_inner().unwrap();
        for (position, value) in edits {
            // Headers rather than pixels.
            let block = position.index(bytes.len() / 512) * 512;
            bytes[block + position.index(512)] = value;
        }
        bytes.truncate(end.index(2 * bytes.len()));
        let folder = here();
        let path = folder.path().join("set.tgz");
        fs::write(&path, gzip(&bytes)).unwrap();
        if let Err(error) = open(&path) {
            prop_assert_eq!(error.kind, ErrorKind::Data);
        }
    }
}
