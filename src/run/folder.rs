//! Which folder a new run gets.

use super::RECORD;
use crate::config::Config;
use crate::disk::{Disk, parent};
use crate::error::{Error, ErrorKind, Result, as_argument};
use crate::net::Structure;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Refuses a folder that is a file, or that has any of `files`.
pub(super) fn check_free(path: &Path, files: &[&str]) -> Result<()> {
    if path.exists() && !path.is_dir() {
        return Err(Error::new(
            ErrorKind::Output,
            format!("{} is not a folder", path.display()),
            "choose another name with --out DIR",
        ));
    }
    let found = files.iter().find(|name| path.join(name).exists());
    found.map_or(Ok(()), |name| Err(taken(path, name)))
}

/// The refusal of a folder that holds this file of a run.
pub(super) fn taken(path: &Path, file: &str) -> Error {
    // A run that was killed before it had a record cannot go on.
    let resume = match path.join(RECORD).exists() {
        true => format!(" go on with that run with --resume {},", as_argument(path)),
        false => String::new(),
    };
    Error::new(
        ErrorKind::Output,
        format!("{} holds a run already: there is {file}", path.display()),
        format!(
            "choose another folder with --out DIR,{resume} or remove it; nothing was changed in it"
        ),
    )
}

/// The folder `wanted`, or a new one under `runs/` that is named after what the run is.
pub(super) fn make(disk: &Disk, wanted: Option<&Path>, config: &Config) -> Result<PathBuf> {
    match wanted {
        Some(path) => disk
            .make_folders(path)
            .map(|()| path.to_owned())
            .map_err(|error| Error::output(path, &error)),
        None => create_numbered(disk, Path::new("runs"), &name(config)),
    }
}

/// What a run is: `model-data-method-sparsity-seed`, with the structure of its mask before the seed if it has one.
pub(crate) fn name(config: &Config) -> String {
    let data = Path::new(&config.data.name)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let prune = &config.prune;
    let mut method = prune.method.clone();
    if let Some(share) = prune.share() {
        method = format!("{}-{share}", prune.called());
        // Not every file system takes a colon in a name.
        let structure = prune.structure.to_string().replace(':', "of");
        if prune.structure != Structure::None {
            method = format!("{method}-{structure}");
        }
    }
    format!("{}-{data}-{method}-seed-{}", config.model, config.seed)
}

/// A new folder of this name in `parent`, or with the first number from 2 on that is free. Creating it is what finds
/// out, so that two processes never get the same.
fn create_numbered(disk: &Disk, runs: &Path, name: &str) -> Result<PathBuf> {
    let made = disk.make_folders(runs);
    made.map_err(|error| Error::output(runs, &error))?;
    let mut path = runs.join(name);
    let mut number = 1;
    loop {
        match fs::create_dir(&path) {
            Ok(()) => {
                let synced = disk.sync_folder(parent(&path));
                return synced
                    .map(|()| path.clone())
                    .map_err(|error| Error::output(&path, &error));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                number += 1;
                path = runs.join(format!("{name}-{number}"));
            }
            Err(error) => return Err(Error::output(&path, &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_start_together_get_folders_of_their_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let parent = folder.path().join("runs");
        let mut paths: Vec<PathBuf> = std::thread::scope(|scope| {
            let create =
                || create_numbered(&Disk::default(), &parent, "run").expect("a folder of its own");
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(create)).collect();
            let joined = threads.into_iter().map(|thread| thread.join());
            joined.map(|path| path.expect("no panic")).collect()
        });
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), 16);
        assert!(parent.join("run").is_dir() && parent.join("run-16").is_dir());
    }
}
