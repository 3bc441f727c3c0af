//! A look at a run that another process may work on.

use super::record::{Record, read};
use super::{CONFIG, RECORD, RESULTS};
use crate::error::Result;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What can be seen of a run.
pub(crate) struct Peek {
    /// What it reached, if it is done.
    pub(crate) summary: Option<Value>,
    /// The error that ended it.
    pub(crate) error: Option<String>,
    /// Its configuration.
    pub(crate) config: PathBuf,
    /// The text of `results.csv`, as far as it is.
    pub(crate) results: String,
}

/// Whether there is a run in a folder.
pub fn is_run(path: &Path) -> bool {
    path.join(RECORD).is_file()
}

/// Looks at the run in a folder, if there is one.
///
/// # Errors
/// Its record is damaged.
pub(crate) fn peek(path: &Path) -> Result<Option<Peek>> {
    if !is_run(path) {
        return Ok(None);
    }
    let record: Record = read(&path.join(RECORD))?;
    Ok(Some(Peek {
        summary: record.reached(path).cloned(),
        error: record.error.map(|error| error.what),
        config: path.join(CONFIG),
        results: std::fs::read_to_string(path.join(RESULTS)).unwrap_or_default(),
    }))
}
