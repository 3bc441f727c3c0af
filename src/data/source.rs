//! The bytes of a file, wherever they come from, and what can be said of any such file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::error::{Error, Result};

/// Bytes that one file may hold or unpack to: several times the largest set, and still no harm to a small machine.
pub(super) const MAX_BYTES: u64 = 1 << 30;

/// One file: where its bytes come from, and what messages call it.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) bytes: Box<dyn Read>,
}

impl Source {
    /// The file at `path`; none if it is not there.
    pub(super) fn open(path: &Path) -> Result<Option<Self>> {
        Ok(open_if_there(path)?.map(|file| Self {
            name: path.display().to_string(),
            bytes: Box::new(file),
        }))
    }
}

/// Opens what is a file and nothing else: to open a pipe, or to read from a device, can take for ever.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() {
        File::open(path)
    } else {
        Err(io::Error::other("it is no regular file"))
    }
}

pub(super) fn open_if_there(path: &Path) -> Result<Option<File>> {
    match open_regular(path) {
        Ok(file) => Ok(Some(file)),
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(e) => Err(Error::data(
            format!("cannot open {}: {e}", path.display()),
            "check the permissions of the file and of its folder",
        )),
    }
}

/// Whether this is the start of a file packed with gzip.
pub(super) fn is_gzip(start: &[u8]) -> bool {
    start.starts_with(&[0x1f, 0x8b])
}

/// Whether this is the start of a page in HTML or XML; neither IDX nor gzip files can begin so.
pub(super) fn is_page(start: &[u8]) -> bool {
    start.trim_ascii_start().starts_with(b"<")
}
