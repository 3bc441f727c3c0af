//! The folder of a sweep.

use super::{Cell, Shard};
use crate::compare::Outcome;
use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::run::{self, Lock};
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
        cells.iter().try_for_each(|cell| sweep.write(cell))?;
        Ok(sweep)
    }

    fn write(&self, cell: &Cell) -> Result<()> {
        let (path, text) = (self.config(cell), cell.config.to_toml());
        match std::fs::read_to_string(&path) {
            Ok(there) if there == text => Ok(()),
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
        self.path
            .join("configs")
            .join(format!("{}.toml", cell.name))
    }

    /// The folder of a run.
    pub fn run(&self, cell: &Cell) -> PathBuf {
        self.path.join("runs").join(&cell.name)
    }

    /// What became of a run.
    ///
    /// # Errors
    /// A file of the run is damaged.
    pub fn outcome(&self, cell: &Cell) -> Result<Outcome> {
        Outcome::of_cell(&self.run(cell), &self.output(cell), &cell.config)
    }

    /// Whether there is something to go on from.
    ///
    /// # Errors
    /// A file of the run is damaged.
    pub fn has_begun(&self, cell: &Cell) -> Result<bool> {
        Ok(run::peek(&self.run(cell))?.is_some())
    }

    /// Where the line goes that a run prints.
    pub fn output(&self, cell: &Cell) -> PathBuf {
        self.path
            .join("configs")
            .join(format!("{}.json", cell.name))
    }

    /// Writes `summary.csv` anew, and gives its path.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn summarise(&self, csv: &str) -> Result<PathBuf> {
        let path = self.path.join("summary.csv");
        self.put(&path, csv.as_bytes())?;
        Ok(path)
    }
}
