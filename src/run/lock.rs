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
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Windows keeps what is locked from being read.
                let _ = file.read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => "another process".to_owned(),
                    id => format!("process {id}"),
                };
                return Err(Error::new(
                    ErrorKind::Other,
                    format!("{} is in use by {holder}", folder.display()),
                    "wait for it to end, or interrupt it, which saves its state",
                ));
            }
        }
        let id = format!("{}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.write_all(id.as_bytes()))
            .map_err(|error| output(&error))?;
        Ok(Self { _file: file })
    }
}
