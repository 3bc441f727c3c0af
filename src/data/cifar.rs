//! Reads the binary files of CIFAR-10 and CIFAR-100: records of labels and pixels, without a header.

use std::io::Read;
use std::path::Path;

use super::catalogue::{Archive, CIFAR_10, CIFAR_100, Entry, Packing};
use super::copies::{Copy, in_folder, places};
use super::locate::Folder;
use super::source::{MAX_BYTES, Source};
use super::{Contents, Split, archive};
use crate::error::{Error, Result};
use crate::net::Shape;

/// A set of this format, and which of its labels are learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cifar {
    /// CIFAR-10.
    Ten,
    /// CIFAR-100, with its 100 classes.
    Hundred,
    /// CIFAR-100, with its 20 classes of five.
    HundredCoarse,
}

const SHAPE: Shape = Shape { h: 32, w: 32, c: 3 };

/// Bytes of one channel of an image.
const PLANE: usize = 32 * 32;

const REMEDY: &str = "fetch or unpack the file again";

impl Cifar {
    fn archive(self) -> &'static Archive {
        match self {
            Self::Ten => &CIFAR_10,
            Self::Hundred | Self::HundredCoarse => &CIFAR_100,
        }
    }

    /// The folder in the archive.
    fn inside(self) -> &'static str {
        match self.archive().packing {
            Packing::Tar(inside) => inside,
            Packing::Gzip => "",
        }
    }

    /// For each label of a record its name in messages, and its classes.
    fn labels(self) -> &'static [(&'static str, u8)] {
        match self {
            Self::Ten => &[("label", 10)],
            Self::Hundred | Self::HundredCoarse => &[("coarse label", 20), ("fine label", 100)],
        }
    }

    /// Which of them is learnt.
    fn learnt(self) -> usize {
        match self {
            Self::Ten | Self::HundredCoarse => 0,
            Self::Hundred => 1,
        }
    }

    /// What is to be put into a folder.
    pub(super) fn wanted(self) -> String {
        let names: Vec<_> = self.archive().members.iter().map(|m| m.name).collect();
        format!("{} or the files {}", self.archive().name, names.join(", "))
    }
}

/// Reads the set of which any file is in a folder that was given, of CIFAR-100 with its 100 classes; none if it has
/// no such files.
pub(super) fn read_given(folder: &Folder) -> Option<Result<Contents>> {
    [Cifar::Ten, Cifar::Hundred].into_iter().find_map(|set| {
        let copy = choose(set, in_folder(set.archive(), &folder.path).into())?;
        Some(read_copy(set, &copy, folder))
    })
}

/// Reads the named set, from its folder in a root or from what lies beside that.
pub(super) fn read_set(
    set: Cifar,
    entry: &Entry,
    root: &Path,
    folder: &Folder,
) -> Result<Contents> {
    let archive = set.archive();
    match choose(set, places(entry, archive, root)) {
        Some(copy) => read_copy(set, &copy, folder),
        None => {
            let unpacked = format!("the folder {} that it unpacks to", set.inside());
            Err(folder.lacks(&[archive.name], &format!("{} or {unpacked}", archive.name)))
        }
    }
}

/// The first copy that is whole, or else the first one of which there is a part, which will tell what it lacks.
fn choose(set: Cifar, mut copies: Vec<Copy>) -> Option<Copy> {
    let is_missing = |copy: &Copy| {
        let files = copy.files(set.archive()).into_iter();
        files.map(|path| !path.is_file()).collect::<Vec<_>>()
    };
    copies.retain(|copy| is_missing(copy).contains(&false));
    copies.sort_by_key(|copy| is_missing(copy).contains(&true));
    copies.into_iter().next()
}

fn read_copy(set: Cifar, copy: &Copy, folder: &Folder) -> Result<Contents> {
    match copy {
        Copy::Packed(path) => read_archive(set, path),
        Copy::Unpacked(path) => read_folder(set, &folder.at(path)),
    }
}

/// Reads unpacked files. There may be any number of records in them, so that a part of a set can be used.
fn read_folder(set: Cifar, folder: &Folder) -> Result<Contents> {
    let mut files = Vec::new();
    let mut missing = Vec::new();
    for member in set.archive().members {
        match Source::open(&folder.path.join(member.name))? {
            Some(source) => files.push(source),
            None => missing.push(member.name),
        }
    }
    if !missing.is_empty() {
        return Err(folder.lacks(&missing, &set.wanted()));
    }
    let files = files.into_iter().map(|Source { name, bytes }| {
        let mut content = Vec::new();
        let read = bytes.take(MAX_BYTES + 1).read_to_end(&mut content);
        match read {
            Ok(_) if content.len() as u64 > MAX_BYTES => Err(Error::data(
                format!("{name} has more than the {MAX_BYTES} bytes that a file may hold"),
                REMEDY,
            )),
            Ok(_) => Ok((name, content)),
            Err(e) => Err(Error::data(format!("{name} cannot be read: {e}"), REMEDY)),
        }
    });
    parse(set, files)
}

/// Reads the archive of whichever set it is; of CIFAR-100 with its 100 classes.
pub(super) fn read_any_archive(path: &Path) -> Result<Contents> {
    let Source { name, bytes } = source(path)?;
    let first = archive::first_folder(&name, bytes)?;
    let sets = [Cifar::Ten, Cifar::Hundred];
    match sets.into_iter().find(|set| set.inside() == first) {
        Some(set) => read_archive(set, path),
        None => Err(Error::data(
            format!(
                "{} begins with {first:?}, not with the folder {} or {}",
                path.display(),
                Cifar::Ten.inside(),
                Cifar::Hundred.inside()
            ),
            "unpack it, and name the folder with the files",
        )),
    }
}

fn read_archive(set: Cifar, path: &Path) -> Result<Contents> {
    let members = set.archive().members;
    let Source { name, bytes } = source(path)?;
    let contents = archive::read(&name, bytes, set.inside(), members)?;
    let names = members
        .iter()
        .map(|member| format!("{}, file {}", path.display(), member.name));
    parse(set, names.zip(contents).map(Ok))
}

fn source(path: &Path) -> Result<Source> {
    Source::open(path)?
        .ok_or_else(|| Error::data(format!("{} is not there any more", path.display()), REMEDY))
}

/// Names and bytes of the files, of which the last one is that to test on.
fn parse(set: Cifar, files: impl Iterator<Item = Result<(String, Vec<u8>)>>) -> Result<Contents> {
    let [mut train, mut test] = [Split::default(), Split::default()];
    let trained_on = set.archive().members.len() - 1;
    for (i, file) in files.enumerate() {
        let (name, bytes) = file?;
        let split = if i < trained_on {
            &mut train
        } else {
            &mut test
        };
        append(set, &name, &bytes, split)?;
    }
    Ok(Contents {
        train,
        test,
        shape: SHAPE,
        classes: set.labels()[set.learnt()].1.into(),
    })
}

/// Adds the records of a file to a split, their planes C·H·W as H·W·C.
fn append(set: Cifar, name: &str, bytes: &[u8], split: &mut Split) -> Result<()> {
    let labels = set.labels();
    let record_bytes = labels.len() + 3 * PLANE;
    let records = bytes.chunks_exact(record_bytes);
    let rest = records.remainder().len();
    if rest > 0 || bytes.is_empty() {
        return Err(Error::data(
            format!(
                "{name} ends inside record {}: {rest} of {record_bytes} bytes are there",
                records.len()
            ),
            REMEDY,
        ));
    }
    for (i, record) in records.enumerate() {
        let (given, pixels) = record.split_at(labels.len());
        for (label, (what, classes)) in given.iter().zip(labels) {
            if label >= classes {
                return Err(Error::data(
                    format!(
                        "{name} has the {what} {label} in record {i}, but the {what}s of {classes} classes are 0 to {}",
                        classes - 1
                    ),
                    REMEDY,
                ));
            }
        }
        split.labels.push(given[set.learnt()].into());
        let (red, rest) = pixels.split_at(PLANE);
        let (green, blue) = rest.split_at(PLANE);
        for ((red, green), blue) in red.iter().zip(green).zip(blue) {
            split.images.extend([red, green, blue]);
        }
    }
    Ok(())
}
