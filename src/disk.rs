//! File operations that survive a crash: what is written is synced, and appears under its name at once and whole.
//!
//! After a power loss, on Linux and macOS, what [`Disk::replace`] and [`Disk::commit`] reported as done is there, as
//! far as the disk itself keeps what it confirmed. On Windows the files are synced, but folders cannot be, so that the
//! last rename may be lost; then the state before it is there. After a mere end of the process nothing is lost anywhere.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The disk, or for tests one that stops after some operations.
#[derive(Default)]
pub(crate) struct Disk {
    /// Operations that are left, if they are counted.
    left: Option<Cell<u32>>,
}

/// Ends the names of what is not complete.
pub(crate) const PART: &str = "part";

impl Disk {
    /// Whether the next operation is the one at which everything stops.
    fn stops(&self) -> bool {
        self.left.as_ref().is_some_and(|left| {
            let now = left.get();
            left.set(now.saturating_sub(1));
            now == 0
        })
    }

    fn operate(&self, operation: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if self.stops() {
            return Err(io::Error::other("stopped"));
        }
        operation()
    }

    /// Writes a new file and waits until it is on the disk. Where everything stops here, half of it was written.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(path)?;
        if self.stops() {
            file.write_all(&bytes[..bytes.len() / 2])?;
            return Err(io::Error::other("stopped"));
        }
        file.write_all(bytes)?;
        self.operate(|| file.sync_all())
    }

    /// Waits until the names in a folder are on the disk.
    pub(crate) fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.operate(|| {
            if cfg!(unix) {
                File::open(path)?.sync_all()
            } else {
                Ok(())
            }
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.operate(|| fs::rename(from, to))?;
        self.sync_folder(parent(to))
    }

    /// Makes a folder, unless it is there.
    pub(crate) fn make_folder(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        let made = self.operate(|| fs::create_dir(path));
        // Another process may have made it since it was looked for.
        made.or_else(|error| if path.is_dir() { Ok(()) } else { Err(error) })?;
        self.sync_folder(parent(path))
    }

    /// Makes a folder and those that it lies in, where they are missing.
    pub(crate) fn make_folders(&self, path: &Path) -> io::Result<()> {
        if !path.is_dir() && path != parent(path) {
            self.make_folders(parent(path))?;
        }
        self.make_folder(path)
    }

    /// Removes a folder with all that is in it, if it is there.
    pub(crate) fn remove_folder(&self, path: &Path) -> io::Result<()> {
        if !path.exists() {
            return Ok(());
        }
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let is_folder = entry.file_type()?.is_dir();
            self.operate(|| match is_folder {
                true => fs::remove_dir_all(entry.path()),
                false => fs::remove_file(entry.path()),
            })?;
        }
        self.operate(|| fs::remove_dir(path))
    }

    /// Sets what a file holds. A reader finds the old file or the new one.
    pub(crate) fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let part = part(path);
        self.write(&part, bytes)?;
        self.rename(&part, path)
    }

    /// Makes a folder with these files. A reader finds all of it or nothing; one that was there before is removed.
    pub(crate) fn commit(&self, path: &Path, files: &[(&str, Vec<u8>)]) -> io::Result<()> {
        let part = part(path);
        self.remove_folder(&part)?;
        self.make_folder(&part)?;
        for (name, bytes) in files {
            self.write(&part.join(name), bytes)?;
        }
        self.sync_folder(&part)?;
        self.remove_folder(path)?;
        self.rename(&part, path)
    }

    /// A disk that stops after so many operations, as one does when the power fails.
    #[cfg(test)]
    pub(crate) fn failing_after(operations: u32) -> Self {
        Self {
            left: Some(Cell::new(operations)),
        }
    }
}

/// The folder that a file or folder lies in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// What a file or folder is called while it is not complete.
fn part(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(PART);
    path.with_file_name(name)
}
