//! One process at a time on a run folder.

use crate::error::{Error, ErrorKind, Result};
use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

/// Held as long as the process works on a run. The file stays behind; without a process that holds it, it says nothing.
pub(crate) struct Lock {
    _file: File,
}

const FILE: &str = "lock";

impl Lock {
    /// Takes the folder for this process.
    ///
    /// # Errors
    /// Another process has it, which the message names, or the file cannot be written.
    pub(crate) fn take(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let output = |error: &std::io::Error| Error::output(&path, error);
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(|error| output(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(output(&error)),
            Err(TryLockError::WouldBlock) => return Err(in_use(folder, &mut file)),
        }
        let id = format!("{}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.write_all(id.as_bytes()))
            .map_err(|error| output(&error))?;
        Ok(Self { _file: file })
    }

    /// Refuses a folder that another process has, and leaves it as it is.
    ///
    /// # Errors
    /// Another process has it, which the message names, or its file cannot be read.
    pub(crate) fn check_free(folder: &Path) -> Result<()> {
        let path = folder.join(FILE);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::output(&path, &error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(in_use(folder, &mut file)),
            Err(TryLockError::Error(error)) => Err(Error::output(&path, &error)),
        }
    }
}

fn in_use(folder: &Path, file: &mut File) -> Error {
    let mut holder = String::new();
    // Windows keeps what is locked from being read.
    let _ = file.read_to_string(&mut holder);
    let holder = match holder.trim() {
        "" => "another process".to_owned(),
        id => format!("process {id}"),
    };
    Error::new(
        ErrorKind::Other,
        format!("{} is in use by {holder}", folder.display()),
        "wait for it to end, or interrupt it, which saves its state",
    )
}
