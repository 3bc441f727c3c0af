//! A grid as a file has it.

use super::Grid;
use crate::config::keys::{check_keys, check_kind};
use crate::error::{Error, Result};
use std::path::Path;
use toml::{Table, Value};

impl Grid {
    /// Reads a TOML file with the lists `models`, `methods`, `sparsities`, `controls` and `seeds`, or `sanity`.
    ///
    /// # Errors
    /// It cannot be read, or has other keys or values.
    pub fn read(path: &Path) -> Result<Self> {
        let refuse = |why: String| {
            Error::config(
                format!("cannot read the grid in {}: {why}", path.display()),
                "write lists, for example methods = [\"agp\", \"snip\"], sparsities = [0.9, 0.95], seeds = [0, 1, 2] and \
                 models = [\"lenet-5\"]",
            )
        };
        let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
        let not_toml = |error: toml::de::Error| refuse(error.message().to_owned());
        let table: Table = text.parse().map_err(not_toml)?;
        let source = path.display().to_string();
        check_keys(&table, &example(), "", &source)?;
        for (key, own) in &example() {
            if let (Some(Value::Array(values)), Value::Array(examples)) = (table.get(key), own) {
                for value in values {
                    let what = format!("one of {key}");
                    check_kind(value, &examples[0], &what, &source).map_err(|error| Error {
                        help: format!("for example {key} = {own}"),
                        ..error
                    })?;
                }
            }
        }
        let grid: Self = Value::Table(table).try_into().map_err(not_toml)?;
        if grid.sanity && !grid.controls.is_empty() {
            return Err(Error::config(
                format!(
                    "the grid in {} has sanity = true and controls",
                    path.display()
                ),
                "sanity has all controls; leave one of them out",
            ));
        }
        Ok(grid)
    }
}

/// Every key of a file, with a value to show.
fn example() -> Table {
    let words = |words: &[&str]| Value::Array(words.iter().map(|&word| word.into()).collect());
    let keys = [
        ("models", words(&["lenet-300-100", "lenet-5"])),
        ("methods", words(&["agp", "snip"])),
        ("sparsities", vec![0.9, 0.95].into()),
        ("controls", words(&["none", "shuffle"])),
        ("sanity", true.into()),
        ("seeds", vec![0, 1, 2].into()),
    ];
    keys.map(|(key, value)| (key.to_owned(), value))
        .into_iter()
        .collect()
}
