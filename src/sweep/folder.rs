//! The folder of a sweep.

use super::{Cell, Shard};
use crate::compare::Outcome;
use crate::config::Config;
use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::run::{self, Lock};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The folder of a sweep, a part of which this process works on; no other process has that part meanwhile.
pub struct SweepDir {
    path: PathBuf,
    /// The folder of the part.
    own: PathBuf,
    _lock: Lock,
}

impl SweepDir {
    /// Takes a part of the sweep in this folder, which is made where it is not there, and writes the configurations of
    /// `cells`.
    ///
    /// # Errors
    /// Another process works on the part, the sweep there has other settings, or the folder cannot be written.
    pub fn open(path: &Path, shard: Shard, cells: &[Cell]) -> Result<Self> {
        let disk = Disk::default();
        let own = path.join(format!("shard-{}", shard.to_string().replace('/', "-of-")));
        for folder in [&own, &path.join("configs"), &path.join("runs")] {
            let made = disk.make_folders(folder);
            made.map_err(|error| Error::output(folder, &error))?;
        }
        let sweep = Self {
            _lock: Lock::take(&own)?,
            path: path.to_owned(),
            own,
        };
        sweep.check_others(shard)?;
        cells.iter().try_for_each(|cell| sweep.write(cell))?;
        Ok(sweep)
    }

    /// Refuses to work beside a part of another number of parts, as both may have the same runs. Of parts of one number and one
    /// grid, each run is in one.
    fn check_others(&self, shard: Shard) -> Result<()> {
        let unreadable = |error: std::io::Error| Error::output(&self.path, &error);
        for entry in std::fs::read_dir(&self.path).map_err(unreadable)? {
            let other = entry.map_err(unreadable)?.path();
            let name = other.file_name().unwrap_or_default().to_string_lossy();
            let number = name
                .strip_prefix("shard-")
                .and_then(|name| name.split_once("-of-"));
            if number.is_some_and(|(_, of)| of != shard.count.to_string()) {
                Lock::check_free(&other)?;
            }
        }
        Ok(())
    }

    fn write(&self, cell: &Cell) -> Result<()> {
        let (path, text) = (self.config(cell), cell.config.to_toml());
        match std::fs::read_to_string(&path) {
            Ok(there) if there == text => Ok(()),
            // An earlier version had fewer keys.
            Ok(_) if Config::resolve(Some(&path), &[]).is_ok_and(|there| there == cell.config) => {
                Ok(())
            }
            Ok(_) => Err(Error::config(
                format!("{} is of a sweep with other settings", path.display()),
                "choose another folder with --out DIR, or give the settings that this sweep began with",
            )),
            Err(_) => self.put(&path, text.as_bytes()),
        }
    }

    /// Writes a file that other parts may be writing, too: each has it elsewhere first, and the last one's stays.
    fn put(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let part = self.own.join("part");
        let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path));
        written.map_err(|error| Error::output(path, &error))
    }

    /// The file with the configuration of a run.
    pub fn config(&self, cell: &Cell) -> PathBuf {
        self.configs().join(format!("{}.toml", cell.name))
    }

    /// The folder of a run.
    pub fn run(&self, cell: &Cell) -> PathBuf {
        self.path.join("runs").join(&cell.name)
    }

    /// What became of a run.
    pub fn outcome(&self, cell: &Cell) -> Outcome {
        Outcome::of_cell(&self.run(cell), &self.output(cell), &cell.config)
    }

    /// Whether there is a run to go on with. What is left of one that was ended before it had a record is removed.
    ///
    /// # Errors
    /// Another process works on it, or its folder cannot be removed.
    pub fn has_begun(&self, cell: &Cell) -> Result<bool> {
        let path = self.run(cell);
        if run::is_run(&path) || !path.exists() {
            return Ok(path.exists());
        }
        drop(Lock::take(&path)?);
        let removed = std::fs::remove_dir_all(&path);
        removed.map_err(|error| Error::output(&path, &error))?;
        Ok(false)
    }

    /// Where goes what the process of a run says.
    pub fn said(&self, cell: &Cell) -> PathBuf {
        self.output(cell).with_extension("log")
    }

    /// Where the line goes that a run prints.
    pub fn output(&self, cell: &Cell) -> PathBuf {
        self.configs().join(format!("{}.json", cell.name))
    }

    /// Writes `summary.csv` anew, from what `csv` makes of all runs that the folder has, those of other commands too; and
    /// gives its path. Other parts wait meanwhile.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn summarise(&self, csv: impl FnOnce(&[Cell]) -> String) -> Result<PathBuf> {
        let path = self.path.join("summary.csv");
        let output = |error: std::io::Error| Error::output(&path, &error);
        let lock = File::create(self.path.join("lock")).map_err(output)?;
        lock.lock().map_err(output)?;
        let entries = std::fs::read_dir(self.configs()).map_err(output)?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|end| end == "toml"));
        files.sort();
        let cell = |file: &PathBuf| {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            let config = Config::resolve(Some(file), &[]).inspect_err(|error| {
                log::warn!(
                    "{} is left out of the summary: {}",
                    file.display(),
                    error.what
                );
            });
            Some(Cell {
                name: name.into_owned(),
                config: config.ok()?,
            })
        };
        let cells: Vec<Cell> = files.iter().filter_map(cell).collect();
        self.put(&path, csv(&cells).as_bytes())?;
        Ok(path)
    }

    fn configs(&self) -> PathBuf {
        self.path.join("configs")
    }
}
