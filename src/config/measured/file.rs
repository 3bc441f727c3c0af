//! The file of kernel choices that `wgprune bench kernel --write-tuning` writes.

use super::{AdapterChoices, Choice};
use crate::disk::{Disk, parent};
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Of the file. Those of version 1 did not say what their entries were measured with.
const SCHEMA: u32 = 2;

const HELP: &str =
    "give a file that `wgprune bench kernel --write-tuning FILE` wrote, or have it write a new one";

/// Kernel choices by adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TuningFile {
    schema: u32,
    /// In the order in which they were first measured.
    pub(super) adapters: Vec<AdapterChoices>,
}

impl TuningFile {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or is something else, or of another version; the message names it.
    pub(super) fn read(path: &Path) -> Result<Self> {
        Self::parse(path)?.ok_or_else(|| {
            let name = path.display();
            Error::config(
                format!("{name} is a tuning file of an earlier version of wgprune, which did not note the kernels that it measured"),
                format!("measure again, with `wgprune bench kernel --write-tuning {name}` for each network and batch"),
            )
        })
    }

    /// None if it is of an earlier version, whose entries are of no use.
    fn parse(path: &Path) -> Result<Option<Self>> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        let other = |error: serde_json::Error| {
            let name = path.display();
            let what = format!("{name} is not a tuning file{}", place(&text, &error));
            Error::config(what, HELP)
        };
        let Version { schema } = serde_json::from_str(&text).map_err(other)?;
        match schema.cmp(&SCHEMA) {
            Ordering::Less => Ok(None),
            Ordering::Equal => serde_json::from_str(&text).map(Some).map_err(other),
            Ordering::Greater => Err(Error::config(
                format!(
                    "{} is a tuning file of a later version of wgprune",
                    path.display()
                ),
                "use that version, or name another file",
            )),
        }
    }

    /// What is there; or a file without entries where there is none, or one of an earlier version.
    fn read_or_new(path: &Path) -> Result<Self> {
        let known = match path.try_exists() {
            Ok(true) => Self::parse(path)?,
            Ok(false) => None,
            Err(error) => return Err(unreadable(path, &error)),
        };
        Ok(known.unwrap_or(Self {
            schema: SCHEMA,
            adapters: Vec::new(),
        }))
    }

    /// Asked before minutes of measuring, whose result [`add`](Self::add) shall write.
    ///
    /// # Errors
    /// The file is there and cannot be added to, or there is no such folder, or nothing can be written there.
    pub fn check(path: &Path) -> Result<()> {
        let folder = parent(path);
        if !folder.is_dir() {
            let why = format!("there is no folder {}", folder.display());
            return Err(unwritable(path, &why));
        }
        if path.exists() && Self::parse(path)?.is_none() {
            let name = path.display();
            log::warn!(
                "{name} is of an earlier version of wgprune, which did not note the kernels that it measured; it begins anew"
            );
        }
        lock(path).map(|_| ())
    }

    /// Adds choices to the file as it is now, since another process may have written to it. Older ones for the same adapter,
    /// driver, kernels, shape and direction go; all others stay. A reader finds the old file or the new one.
    ///
    /// # Errors
    /// It cannot be written, or is there and is no tuning file.
    pub fn add(path: &Path, new: AdapterChoices) -> Result<()> {
        let lock = lock(path)?;
        // Where files cannot be locked, it is only this moment that nobody else may write in.
        let _ = lock.lock();
        let mut file = Self::read_or_new(path)?;
        file.merge(new);
        file.write(path)
    }

    fn merge(&mut self, new: AdapterChoices) {
        let is_same = |old: &AdapterChoices| old.key() == new.key();
        let Some(i) = self.adapters.iter().position(is_same) else {
            return self.adapters.push(new);
        };
        let choices = &mut self.adapters[i].choices;
        let is_old = |old: &Choice| {
            let workload = old.workload();
            new.choices.iter().all(|new| new.workload() != workload)
        };
        choices.retain(is_old);
        choices.extend(new.choices);
    }

    fn write(&self, path: &Path) -> Result<()> {
        let mut bytes = serde_json::to_vec_pretty(self)
            .map_err(|error| unwritable(path, &error.to_string()))?;
        bytes.push(b'\n');
        Disk::default()
            .replace(path, &bytes)
            .map_err(|error| unwritable(path, &error.to_string()))
    }
}

/// The file that a process locks while it writes the one of this name, which is replaced by another. It stays behind;
/// without a process that holds it, it says nothing.
fn lock(path: &Path) -> Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    options
        .open(PathBuf::from(name))
        .map_err(|error| unwritable(path, &error.to_string()))
}

/// Where a text stops being what it should be, in its own words instead of the parser's.
fn place(text: &str, error: &serde_json::Error) -> String {
    let number = error.line();
    let line = text.lines().nth(number.saturating_sub(1)).unwrap_or("");
    // The error is at the end of what is wrong.
    let read: Vec<char> = line.trim_end().chars().take(error.column()).collect();
    let last: String = read[read.len().saturating_sub(60)..].iter().collect();
    if error.is_eof() {
        format!(": it ends in line {number}")
    } else {
        format!(", by its line {number}: {}", last.trim())
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::config(
        format!("cannot read the tuning file {}: {error}", path.display()),
        HELP,
    )
}

fn unwritable(path: &Path, why: &str) -> Error {
    Error::new(
        ErrorKind::Output,
        format!("cannot write the tuning file {}: {why}", path.display()),
        "choose another file with --write-tuning FILE, in a folder that is there and has room",
    )
}

#[cfg(test)]
mod tests {
    use super::super::KERNELS;
    use super::*;
    use crate::config::ProductKind;
    use crate::gpu::{Direction, Geometry};

    fn choice(n: u32, product: ProductKind) -> Choice {
        Choice {
            product,
            winograd: false,
            direction: Direction::Backward,
            shape: Geometry::Linear { n, c: 300, k: 100 },
        }
    }

    fn adapter(driver: &str, choices: &[Choice]) -> AdapterChoices {
        AdapterChoices {
            name: "llvmpipe".into(),
            backend: "vulkan".into(),
            driver: driver.into(),
            processor: "Ryzen 7".into(),
            kernels: KERNELS.into(),
            choices: choices.to_vec(),
        }
    }

    #[test]
    fn adding_replaces_the_same_shape_on_the_same_driver_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tuning.json");
        let [old, other] = [1, 2].map(|n| choice(n, ProductKind::Block));
        let new = choice(1, ProductKind::Tiles);
        let before = |choices: &[Choice]| AdapterChoices {
            kernels: "before".into(),
            ..adapter("25.0", choices)
        };
        for own in [
            adapter("24.1", &[old]),
            adapter("25.0", &[old, other]),
            before(&[old]),
            adapter("25.0", &[new]),
            adapter("26.0", &[new]),
        ] {
            TuningFile::add(&path, own).expect("written");
        }
        let wanted = [
            adapter("24.1", &[old]),
            adapter("25.0", &[other, new]),
            before(&[old]),
            adapter("26.0", &[new]),
        ];
        assert_eq!(TuningFile::read(&path).expect("read").adapters, wanted);
    }

    #[test]
    fn what_is_added_at_once_is_all_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tuning.json");
        let drivers: Vec<String> = (0..16).map(|number| format!("{number}.0")).collect();
        std::thread::scope(|scope| {
            for driver in &drivers {
                let own = adapter(driver, &[choice(1, ProductKind::Block)]);
                scope.spawn(|| TuningFile::add(&path, own).expect("written"));
            }
        });
        let file = TuningFile::read(&path).expect("read");
        let is_there = |driver: &String| file.adapters.iter().any(|own| own.driver == *driver);
        assert!(drivers.iter().all(is_there), "{:?}", file.adapters);
    }

    #[test]
    fn a_file_reads_back_and_anything_else_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tuning.json");
        let conv = Choice {
            winograd: true,
            direction: Direction::Forward,
            shape: Geometry::Conv2d {
                n: 32,
                h: 8,
                w: 8,
                c: 64,
                k: 64,
                kernel: 3,
                stride: 1,
                pad: 1,
            },
            ..choice(1, ProductKind::Lanes)
        };
        let own = adapter("25.0", &[choice(1, ProductKind::Auto), conv]);
        TuningFile::check(&path).expect("a new one");
        TuningFile::add(&path, own.clone()).expect("written");
        TuningFile::check(&path).expect("one that is there");
        assert_eq!(TuningFile::read(&path).expect("read").adapters, [own]);

        let text = std::fs::read_to_string(&path).expect("text");
        let half = &text[..text.len() / 2];
        for (from, to, word) in [
            ("\"lanes\"", "\"warps\"", "\"product\": \"warps\""),
            ("\"conv2d\"", "\"conv3d\"", "\"conv3d\""),
            ("\"forward\"", "\"sideways\"", "\"sideways\""),
            ("\"stride\"", "\"step\"", "\"step\""),
            ("\"schema\": 2", "\"schema\": 3", "a later version"),
            (&text[..], half, "it ends in line"),
            (&text[..], "", "it ends in line"),
            ("{", "", "not a tuning file"),
        ] {
            let wrong = text.replacen(from, to, 1);
            assert_ne!(wrong, text);
            std::fs::write(&path, &wrong).expect("written");
            let added = TuningFile::add(&path, adapter("26.0", &[]));
            assert_eq!(std::fs::read_to_string(&path).expect("text"), wrong);
            for error in [TuningFile::check(&path), added].map(|done| done.expect_err(to)) {
                assert!(
                    error.what.contains("tuning.json") && error.what.contains(word),
                    "{error}"
                );
                assert!(!error.help.is_empty(), "{error}");
            }
        }
        let nowhere = folder.path().join("none").join("tuning.json");
        assert!(TuningFile::check(&nowhere).is_err());
    }

    #[test]
    fn a_file_of_version_1_is_measured_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tuning.json");
        let old = r#"{"schema": 1, "adapters": [{"name": "llvmpipe", "choices": []}]}"#;
        std::fs::write(&path, old).expect("written");
        let error = TuningFile::read(&path).expect_err("no kernels in it");
        assert!(error.what.contains("tuning.json"), "{error}");
        let remedy = format!("--write-tuning {}", path.display());
        assert!(error.help.contains(&remedy), "{error}");
        TuningFile::check(&path).expect("what the help says works");
        let own = adapter("25.0", &[choice(1, ProductKind::Block)]);
        TuningFile::add(&path, own.clone()).expect("written");
        assert_eq!(TuningFile::read(&path).expect("read").adapters, [own]);
    }
}
