//! A data set made up for a test: one file, its mirrors, and a root to download it into.

use crate::server::Server;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use wgprune::data::{self, Archive, Entry, Fetched, Format, Home, Member, Options, Packing};
use wgprune::error::{Error, ErrorKind};
use wgprune::random::philox;

pub(crate) fn sha256(bytes: &[u8]) -> &'static str {
    let digest = Sha256::digest(bytes);
    let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    text.leak()
}

pub(crate) fn gzip(bytes: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A set of one file, its mirrors, and a root to download it into.
pub(crate) struct Set {
    pub(crate) entry: Entry,
    pub(crate) content: Vec<u8>,
    pub(crate) archive: Vec<u8>,
    pub(crate) root: TempDir,
    /// Long, so that a good server keeps to it on a machine that is busy.
    pub(crate) patience: Duration,
}

impl Set {
    /// Of `length` bytes that do not shrink when packed.
    pub(crate) fn new(length: u32, mirrors: &[&str]) -> Self {
        let content: Vec<u8> = (0..length)
            .map(|i| philox([i, 0, 0, 0], [0; 2])[0].to_le_bytes()[0])
            .collect();
        let archive = gzip(&content, Compression::fast());
        let mirrors: Vec<&str> = mirrors
            .iter()
            .map(|mirror| &*(*mirror).to_owned().leak())
            .collect();
        let entry = Entry {
            name: "small",
            folder: "small",
            format: Format::Idx,
            images: [1, 1],
            terms: "none",
            mean: &[0.0],
            std: &[1.0],
            home: Home::Mirrors(mirrors.leak()),
            archives: vec![Archive {
                name: FILE,
                bytes: archive.len() as u64,
                sha256: sha256(&archive),
                packing: Packing::Gzip,
                members: vec![Member {
                    name: "numbers",
                    sha256: sha256(&content),
                }]
                .leak(),
            }]
            .leak(),
        };
        Self {
            entry,
            content,
            archive,
            root: tempfile::tempdir().unwrap(),
            patience: Duration::from_secs(10),
        }
    }

    /// The set of [`archive`] with one mirror.
    pub(crate) fn at(server: &Server) -> Self {
        Self::new(LENGTH, &[&server.url])
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("small").join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        fs::create_dir_all(self.root.path().join("small")).unwrap();
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn get(&self) -> Result<Vec<Fetched>, Error> {
        let options = Options {
            patience: self.patience,
            ..Options::default()
        };
        data::get(&self.entry, self.root.path(), &options, &mut |_| ())
    }

    /// The set is here, right, and without leftovers.
    pub(crate) fn assert_here(&self) {
        assert_eq!(fs::read(self.path(FILE)).unwrap(), self.archive);
        assert!(!self.path(PART).exists());
    }

    /// The download fails with this kind of error, which has all `parts`, and nothing took the archive's name.
    pub(crate) fn assert_fails(&self, kind: ErrorKind, parts: &[&str]) {
        let error = self.get().unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        for part in parts {
            assert!(error.to_string().contains(part), "{part:?}: {error}");
        }
        assert!(!self.path(FILE).exists());
    }
}

pub(crate) const FILE: &str = "numbers.gz";
pub(crate) const PART: &str = "numbers.gz.part";
pub(crate) const LENGTH: u32 = 200_000;
