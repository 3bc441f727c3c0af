//! Files that only grow: `metrics.jsonl` and `results.csv`. A checkpoint knows how far they had come.

use crate::error::{Error, Result};
use crate::hash::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How far a file had come, and what it held up to there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// A file that is written line by line.
pub(super) struct Table {
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
    hash: Sha256,
}

impl Table {
    /// A file that is not there yet.
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        let file = BufWriter::new(File::create_new(&path)?);
        let (bytes, hash) = (0, Sha256::new());
        Ok(Self {
            path,
            file,
            bytes,
            hash,
        })
    }

    /// A file that begins as it did at `mark`, or why it does not. What follows is left until [`Table::cut`].
    pub(super) fn reopen(path: &Path, mark: &Mark) -> std::result::Result<Self, String> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let unread = |error: io::Error| format!("{name} cannot be read: {error}");
        let mut file = File::options()
            .read(true)
            .write(true)
            .open(path)
            .map_err(unread)?;
        let mut hash = Sha256::new();
        let mut start = (&mut file).take(mark.bytes);
        let mut chunk = [0; 1 << 14];
        let mut bytes = 0;
        loop {
            let read = start.read(&mut chunk).map_err(unread)?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            hash.update(&chunk[..read]);
        }
        if bytes < mark.bytes {
            return Err(format!("{name} ends after {bytes} bytes of {}", mark.bytes));
        }
        if hex(&hash.clone().finalize()) != mark.sha256 {
            return Err(format!("{name} is not what was written"));
        }
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            bytes,
            hash,
        })
    }

    fn output(&self) -> impl Fn(io::Error) -> Error {
        let path = self.path.clone();
        move |error| Error::output(&path, &error)
    }

    /// Forgets what was written after the mark.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn cut(&mut self) -> Result<()> {
        let file = self.file.get_mut();
        let cut = file
            .set_len(self.bytes)
            .and_then(|()| file.seek(SeekFrom::Start(self.bytes)));
        cut.map(|_| ()).map_err(self.output())
    }

    /// Adds a line.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn line(&mut self, line: impl Display) -> Result<()> {
        let line = format!("{line}\n");
        self.hash.update(line.as_bytes());
        self.bytes += line.len() as u64;
        self.file.write_all(line.as_bytes()).map_err(self.output())
    }

    /// Hands all lines to the system, where readers see them.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(self.output())
    }

    /// Waits until all lines are on the disk.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn sync(&mut self) -> Result<Mark> {
        self.flush()?;
        self.file.get_ref().sync_data().map_err(self.output())?;
        Ok(Mark {
            bytes: self.bytes,
            sha256: hex(&self.hash.clone().finalize()),
        })
    }
}
