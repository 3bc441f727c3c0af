//! The data sets that have names: what they are called, what they hold, and the exact bytes of their files.
//!
//! A set is a row of `catalogue/sets.rs`. One in files of another form also needs a [`Format`] and its reader.

mod sets;

use super::cifar::Cifar;
use crate::error::{Error, Result};
use crate::nearest::nearest;
pub use sets::SETS;
pub(super) use sets::{CIFAR_10, CIFAR_100, EMBEDDED};

/// A data set with a name.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What `--data` takes.
    pub name: &'static str,
    /// The folder of the set in the data root.
    pub folder: &'static str,
    /// What reads its files.
    pub format: Format,
    /// Images to train on, and to test on.
    pub images: [u32; 2],
    /// Whose the images are, and under which terms.
    pub terms: &'static str,
    /// Mean of each channel over the published training set, in 0..1; C values.
    pub mean: &'static [f32],
    /// Standard deviation of each channel over the published training set, in 0..1; C values.
    pub std: &'static [f32],
    /// Where the files come from.
    pub home: Home,
    /// The published files.
    pub archives: &'static [Archive],
}

/// Where the files of a set come from.
#[derive(Debug, Clone, Copy)]
pub enum Home {
    /// The program itself: the bytes of each archive, in their order.
    Embedded(&'static [&'static [u8]]),
    /// Folders on the web, each with all archives; the one to ask first comes first.
    Mirrors(&'static [&'static str]),
}

/// The form of a set's files; the module of its name reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The four files of MNIST.
    Idx,
    /// The binary files of CIFAR.
    Cifar(Cifar),
}

/// A file as it was published.
#[derive(Debug, Clone, Copy)]
pub struct Archive {
    /// Its name, on mirrors and in the folder of the set.
    pub name: &'static str,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in lower case.
    pub sha256: &'static str,
    /// How it holds its members.
    pub packing: Packing,
    /// The files inside that are read; others are not looked at.
    pub members: &'static [Member],
}

/// How an archive holds its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// One member, packed with gzip.
    Gzip,
    /// Any number of them in this folder of a tar file, packed with gzip.
    Tar(&'static str),
}

/// A file in an archive.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// Its name, without a folder.
    pub name: &'static str,
    /// Its SHA-256, in lower case.
    pub sha256: &'static str,
}

impl Entry {
    /// Bytes of all archives.
    pub fn bytes(&self) -> u64 {
        self.archives.iter().map(|archive| archive.bytes).sum()
    }
}

/// The set of this name.
///
/// # Errors
///
/// Of kind `Config` if there is none.
pub fn find(name: &str) -> Result<&'static Entry> {
    let names = || SETS.iter().map(|entry| entry.name);
    SETS.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let guess = nearest(name, names());
        Error::config(
            format!(
                "no data set is called \"{name}\"; there are {}",
                names().collect::<Vec<_>>().join(", ")
            ),
            guess
                .map(|known| format!("did you mean {known}?"))
                .unwrap_or_default(),
        )
    })
}
