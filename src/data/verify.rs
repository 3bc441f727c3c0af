//! Compares the files of a set with what was published, by SHA-256.

use std::fmt;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::catalogue::{Archive, Entry, Home};
use super::idx::{MAX_BYTES, is_page};
use super::locate::{candidates, open_if_there};
use crate::error::{Error, Result};
use crate::hash::sha256_of_stream;

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

/// Compares every file of a set: the archive, what it unpacks to, or both where both are there.
///
/// # Errors
///
/// Of kind `Data` if a file cannot be read. That it is wrong or missing is a result, not an error.
pub fn verify(entry: &Entry, root: &Path) -> Result<Vec<Found>> {
    if let Home::Embedded(files) = entry.home {
        let pairs = entry.archives.iter().zip(files);
        let compared = pairs.map(|(archive, bytes)| {
            Ok(Found {
                path: archive.file().into(),
                state: compare(archive, &mut io::Cursor::new(bytes))
                    .map_err(|e| unreadable(&archive.file(), &e))?,
            })
        });
        return compared.collect();
    }
    let folder = root.join(entry.name);
    let mut found = Vec::new();
    for archive in entry.archives {
        found.extend(look(archive, &folder)?);
    }
    Ok(found)
}

/// How many files of a set are there, whatever they hold.
pub fn count_present(entry: &Entry, root: &Path) -> usize {
    let folder = root.join(entry.name);
    let present = |archive: &&Archive| {
        candidates(&folder, archive.name)
            .iter()
            .any(|path| path.is_file())
    };
    entry.archives.iter().filter(present).count()
}

/// What is in `folder` of one archive: at least one entry, which says where it is missing.
pub(super) fn look(archive: &Archive, folder: &Path) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for path in candidates(folder, archive.name) {
        if let Some(mut file) = open_if_there(&path)? {
            let state = compare(archive, &mut file).map_err(|e| unreadable(&path.display(), &e))?;
            found.push(Found { path, state });
        }
    }
    if found.is_empty() {
        found.push(Found {
            path: folder.join(archive.file()),
            state: State::Missing,
        });
    }
    Ok(found)
}

fn unreadable(file: &dyn fmt::Display, why: &io::Error) -> Error {
    Error::data(
        format!("cannot read {file}: {why}"),
        "move it away, or check its permissions",
    )
}

fn compare(archive: &Archive, file: &mut (impl Read + Seek)) -> io::Result<State> {
    let Some(mismatch) = compare_archive(archive, file)? else {
        return Ok(State::Archive);
    };
    file.rewind()?;
    let mut start = [0; 2];
    let is_gzip = file.read(&mut start)? == 2 && start == [0x1f, 0x8b];
    // Whatever cannot be unpacked is not the content, and the archive's hash has told so already.
    let content = if is_gzip {
        file.rewind()?;
        sha256_of_stream(MultiGzDecoder::new(file).take(MAX_BYTES))
            .map_or_else(|_| String::new(), |(_, got)| got)
    } else {
        mismatch.got.clone()
    };
    Ok(if content == archive.content {
        State::Content
    } else {
        State::Wrong(mismatch)
    })
}

/// How a file, read from its start, differs from the published archive.
pub(super) fn compare_archive(
    archive: &Archive,
    file: &mut (impl Read + Seek),
) -> io::Result<Option<Mismatch>> {
    file.rewind()?;
    let mut start = Vec::new();
    file.by_ref().take(256).read_to_end(&mut start)?;
    file.rewind()?;
    let (bytes, got) = sha256_of_stream(file)?;
    Ok((got != archive.sha256).then(|| Mismatch {
        bytes,
        wanted: archive.sha256,
        got,
        is_page: is_page(&start),
    }))
}
