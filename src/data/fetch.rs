//! Downloads what is missing of a data set, one archive after the other, and overwrites nothing.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::catalogue::{Archive, Entry, Home};
use super::verify::{Found, State, look};
use crate::error::{Error, ErrorKind, Result};

mod transfer;

use transfer::Client;

/// How to download.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder on the web to ask instead of those in the catalogue; it begins with `https://` or `http://`.
    pub mirror: Option<String>,
    /// How long a server may take to connect, to answer, and between any two parts of its answer.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mirror: None,
            patience: Duration::from_secs(30),
        }
    }
}

/// What happens during a download, for whoever shows it.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// Another process downloads into the same folder; this one waits until it has ended.
    Waiting(&'a Path),
    /// A mirror begins to send `file`, of which `have` of `bytes` bytes are here.
    Started {
        /// The name of the archive.
        file: &'a str,
        /// The mirror.
        mirror: &'a str,
        /// Bytes that were here before.
        have: u64,
        /// Bytes of the whole archive.
        bytes: u64,
    },
    /// So many bytes of the archive are here.
    Received(u64),
    /// A mirror failed, for this reason; the next one is asked.
    Failed(&'a str, &'a str),
}

/// An archive that is here after a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where it is.
    pub path: PathBuf,
    /// The mirror that sent it; none if it was here before.
    pub mirror: Option<String>,
}

/// Sees to it that all files of a set are in its folder under `root`, which is created.
///
/// Files that are there and right are kept. What is downloaded has its final name only after its SHA-256 was
/// compared; until then it ends in `.part`, and the next call goes on from there. Of two calls at the same time,
/// the second waits for the first. Of an embedded set there is nothing to do.
///
/// # Errors
///
/// Of kind `Data` if a file is there that is wrong, or if no mirror sends the right bytes, and of kind `Output` if
/// the folder cannot be written.
pub fn get(
    entry: &Entry,
    root: &Path,
    options: &Options,
    watch: &mut dyn FnMut(Event),
) -> Result<Vec<Fetched>> {
    let Home::Mirrors(mirrors) = entry.home else {
        return Ok(Vec::new());
    };
    let mut mirrors: Vec<&str> = match &options.mirror {
        Some(mirror) => vec![mirror],
        None => mirrors.to_vec(),
    };
    let folder = root.join(entry.folder);
    // Before the folder is touched, so that a complete one may be read-only.
    let here = present(entry, root)?;
    if here.iter().all(Option::is_some) {
        return Ok(here.into_iter().flatten().collect());
    }
    fs::create_dir_all(&folder).map_err(|e| unwritable(&folder, &e))?;
    let _lock = lock(&folder, watch)?;
    let client = Client::new(options.patience);
    let mut fetched = Vec::new();
    // Looked at again, because another process may have been faster.
    for (archive, here) in entry.archives.iter().zip(present(entry, root)?) {
        if let Some(here) = here {
            fetched.push(here);
            continue;
        }
        let path = folder.join(archive.name);
        match client.download(archive, &mirrors, &path, watch)? {
            Ok(which) => {
                // The next archive is asked for where this one was found.
                mirrors.swap(0, which);
                fetched.push(Fetched {
                    path,
                    mirror: Some(mirrors[0].to_owned()),
                });
            }
            Err(answers) => return Err(nowhere(entry, root, archive, &answers)?),
        }
    }
    Ok(fetched)
}

/// For each archive, where it or its content is already.
fn present(entry: &Entry, root: &Path) -> Result<Vec<Option<Fetched>>> {
    let of = |archive: &Archive| {
        let copies = look(entry, archive, root)?;
        for Found { path, state } in copies.iter().flatten() {
            if let State::Wrong(mismatch) = state {
                return Err(Error::data(
                    format!("{} is not what was published: {mismatch}", path.display()),
                    "nothing was downloaded or overwritten; move the file away, and run the command again",
                ));
            }
        }
        let is_right = |files: &&Vec<Found>| files.iter().all(|file| file.state.is_right());
        let right = copies.iter().find(is_right).and_then(|files| files.first());
        Ok(right.map(|file| Fetched {
            path: file.path.clone(),
            mirror: None,
        }))
    };
    entry.archives.iter().map(of).collect()
}

/// Held by the one process that downloads into the folder; the system lets go of it even if that process is killed.
fn lock(folder: &Path, watch: &mut dyn FnMut(Event)) -> Result<File> {
    let path = folder.join(".lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| unwritable(&path, &e))?;
    if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
        watch(Event::Waiting(folder));
    }
    file.lock().map_err(|e| unwritable(&path, &e))?;
    Ok(file)
}

fn unwritable(path: &Path, why: &io::Error) -> Error {
    Error::new(
        ErrorKind::Output,
        format!("cannot write {}: {why}", path.display()),
        "choose another folder with --data-root DIR, or make room and check the permissions",
    )
}

/// What each mirror said about `archive`, and what a person can put where without any.
fn nowhere(entry: &Entry, root: &Path, archive: &Archive, answers: &[String]) -> Result<Error> {
    let missing = entry.archives.iter().zip(present(entry, root)?);
    let lines: Vec<String> = missing
        .filter(|(_, here)| here.is_none())
        .map(|(archive, _)| {
            format!(
                "\n    {}  {} bytes  SHA-256 {}",
                archive.name, archive.bytes, archive.sha256
            )
        })
        .collect();
    Ok(Error::data(
        format!(
            "cannot download {} of {}:\n    {}",
            archive.name,
            entry.name,
            answers.join("\n    ")
        ),
        format!(
            "check the connection (HTTPS_PROXY and NO_PROXY are heeded) and run the command again, which goes on \
             where it stopped; or name another source with --mirror URL; or fetch these files elsewhere and put \
             them into {}:{}",
            root.join(entry.folder).display(),
            lines.concat()
        ),
    ))
}
