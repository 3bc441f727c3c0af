//! Compares the files of a set with what was published, by SHA-256.

use std::fmt;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::archive;
use super::catalogue::{Archive, Entry, Home, Packing};
use super::copies::{Copy, places};
use super::source::{MAX_BYTES, is_gzip, is_page, open_if_there};
use crate::error::{Error, Result};
use crate::hash::{sha256, sha256_of_stream};

/// A file of a set, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is, or where the archive would be; only a name if it is embedded.
    pub path: PathBuf,
    /// How it compares.
    pub state: State,
}

/// How a file compares with what was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The published archive, byte for byte.
    Archive,
    /// The published content, unpacked or packed in another way.
    Content,
    /// Neither it nor its content is here.
    Missing,
    /// Something else.
    Wrong(Mismatch),
}

impl State {
    /// Whether training may use the file.
    pub fn is_right(&self) -> bool {
        matches!(self, Self::Archive | Self::Content)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archive => f.write_str("ok, the published archive"),
            Self::Content => f.write_str("ok, the published content"),
            Self::Missing => f.write_str("missing"),
            Self::Wrong(mismatch) => write!(f, "wrong: {mismatch}"),
        }
    }
}

/// How bytes differ from those that were wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    bytes: u64,
    wanted: &'static str,
    got: String,
    is_page: bool,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bytes, wanted, got, ..
        } = self;
        write!(
            f,
            "SHA-256 differs: wanted {wanted}, got {got} of {bytes} bytes"
        )?;
        if self.is_page {
            f.write_str("; it looks like a web page, not data")?;
        }
        Ok(())
    }
}

/// Compares every file of a set: the archives, what they unpack to, or both where both are there.
///
/// # Errors
///
/// Of kind `Data` if a file cannot be read. That it is wrong or missing is a result, not an error.
pub fn verify(entry: &Entry, root: &Path) -> Result<Vec<Found>> {
    if let Home::Embedded(files) = entry.home {
        let pairs = entry.archives.iter().zip(files);
        let compared = pairs.map(|(archive, bytes)| {
            Ok(Found {
                path: archive.name.into(),
                state: compare(archive, &mut io::Cursor::new(*bytes))
                    .map_err(|e| unreadable(&archive.name, &e))?,
            })
        });
        return compared.collect();
    }
    let mut found = Vec::new();
    for archive in entry.archives {
        found.extend(look(entry, archive, root)?.into_iter().flatten());
    }
    Ok(found)
}

/// The copies of an archive that are there, each with all its files: at least one copy, which says where it is missing.
pub(super) fn look(entry: &Entry, archive: &Archive, root: &Path) -> Result<Vec<Vec<Found>>> {
    let mut copies = Vec::new();
    for copy in places(entry, archive, root) {
        let mut found = Vec::new();
        for (i, path) in copy.files(archive).into_iter().enumerate() {
            let state = match (open_if_there(&path)?, &copy, archive.packing) {
                (None, ..) => Ok(State::Missing),
                (Some(mut file), Copy::Unpacked(_), Packing::Tar(_)) => {
                    let difference = compare_bytes(archive.members[i].sha256, &mut file);
                    difference.map(|mismatch| mismatch.map_or(State::Content, State::Wrong))
                }
                (Some(mut file), ..) => compare(archive, &mut file),
            };
            let state = state.map_err(|e| unreadable(&path.display(), &e))?;
            found.push(Found { path, state });
        }
        if found.iter().any(|file| file.state != State::Missing) {
            copies.push(found);
        }
    }
    if copies.is_empty() {
        copies.push(vec![Found {
            path: root.join(entry.folder).join(archive.name),
            state: State::Missing,
        }]);
    }
    Ok(copies)
}

fn unreadable(file: &dyn fmt::Display, why: &io::Error) -> Error {
    Error::data(
        format!("cannot read {file}: {why}"),
        "move it away, or check its permissions",
    )
}

/// Compares a file with an archive and, if it is not that, with what it unpacks to.
fn compare(archive: &Archive, file: &mut (impl Read + Seek)) -> io::Result<State> {
    let Some(mismatch) = compare_bytes(archive.sha256, file)? else {
        return Ok(State::Archive);
    };
    file.rewind()?;
    let mut start = [0; 2];
    let is_gzip = file.read(&mut start)? == 2 && is_gzip(&start);
    file.rewind()?;
    // Whatever cannot be unpacked is not the content, and the archive's hash has told so already.
    let content = match archive.packing {
        Packing::Tar(inside) => archive::read(archive.name, file, inside, archive.members)
            .unwrap_or_default()
            .iter()
            .map(|bytes| sha256(bytes))
            .collect(),
        Packing::Gzip if is_gzip => sha256_of_stream(MultiGzDecoder::new(file).take(MAX_BYTES))
            .map_or_else(|_| Vec::new(), |(_, got)| vec![got]),
        Packing::Gzip => vec![mismatch.got.clone()],
    };
    let published = archive.members.iter().map(|member| member.sha256);
    Ok(if content.iter().eq(published) {
        State::Content
    } else {
        State::Wrong(mismatch)
    })
}

/// How a file, read from its start, differs from what has the SHA-256 `wanted`.
pub(super) fn compare_bytes(
    wanted: &'static str,
    file: &mut (impl Read + Seek),
) -> io::Result<Option<Mismatch>> {
    file.rewind()?;
    let mut start = Vec::new();
    file.by_ref().take(256).read_to_end(&mut start)?;
    file.rewind()?;
    let (bytes, got) = sha256_of_stream(file)?;
    Ok((got != wanted).then(|| Mismatch {
        bytes,
        wanted,
        got,
        is_page: is_page(&start),
    }))
}
