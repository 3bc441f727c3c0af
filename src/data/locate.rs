//! Where a data set lies: in the program, in the folder of its name under a root, or in a folder that was given.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf, is_separator};

use super::catalogue::{self, EMBEDDED, Entry, Home, IDX_FILES};
use super::idx::Source;
use crate::error::{Error, Result};

/// Where a data set lies.
pub(super) enum Place<'a> {
    Program(&'static Entry, &'static [&'static [u8]]),
    /// In the folder of its name under this root.
    Root(&'static Entry, Root),
    Folder(&'a Path),
}

/// The folder that holds a folder for each named set.
pub(super) struct Root {
    pub(super) path: PathBuf,
    origin: &'static str,
}

const FROM_FLAG: &str = "from --data-root";

pub(super) fn locate<'a>(name_or_dir: &'a str, data_root: Option<&Path>) -> Result<Place<'a>> {
    let folder = Path::new(name_or_dir);
    match catalogue::find(name_or_dir) {
        Ok(entry) => match entry.home {
            Home::Embedded(files) => Ok(Place::Program(entry, files)),
            Home::Mirrors(_) => Ok(Place::Root(entry, find_root(data_root)?)),
        },
        Err(_) if name_or_dir.contains(is_separator) || folder.is_dir() => {
            Ok(Place::Folder(folder))
        }
        Err(unknown) => {
            let hint =
                "a folder of IDX files can be given instead of a name, such as --data ./digits";
            Err(Error::config(
                unknown.what,
                format!("{} {hint}", unknown.help).trim_start(),
            ))
        }
    }
}

/// The folder that holds a folder for each named set: `data_root`, or what takes its place as [`super::open`] has it.
///
/// # Errors
///
/// Of kind `Data` if nothing names one.
pub fn root(data_root: Option<&Path>) -> Result<PathBuf> {
    find_root(data_root).map(|root| root.path)
}

/// What [`super::open`] was given, such that it means the same data from any working directory and in any environment:
/// a name and its absolute root, or an absolute folder.
///
/// # Errors
///
/// Of kind `Data` if there is no such folder, or its path is not Unicode, as configurations are.
pub fn absolute(name_or_dir: &str, data_root: Option<&Path>) -> Result<(String, String)> {
    let written = |path: &Path| {
        let refuse = |path: &Path, why: &str| {
            Error::data(
                format!(
                    "{} cannot be written into a configuration: {why}",
                    path.display()
                ),
                "move the data to a folder that every program can name",
            )
        };
        let found = path
            .canonicalize()
            .map_err(|e| refuse(path, &e.to_string()))?;
        let text = found.into_os_string().into_string();
        text.map_err(|found| refuse(Path::new(&found), "its path is not Unicode"))
    };
    Ok(match locate(name_or_dir, data_root)? {
        Place::Program(..) => (name_or_dir.into(), String::new()),
        Place::Root(_, root) => (name_or_dir.into(), written(&root.path)?),
        Place::Folder(folder) => (written(folder)?, String::new()),
    })
}

fn find_root(data_root: Option<&Path>) -> Result<Root> {
    choose_root(data_root, &|key| std::env::var_os(key))
}

/// The one folder in which named sets are looked for, and who named it. The environment is an argument, so
/// that tests need not change that of the process.
fn choose_root(
    data_root: Option<&Path>,
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Root> {
    let folder = |key| {
        environment(key)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(root) = data_root {
        return Ok(Root {
            path: root.into(),
            origin: FROM_FLAG,
        });
    }
    if let Some(root) = folder("WGPRUNE_DATA") {
        return Ok(Root {
            path: root,
            origin: "from WGPRUNE_DATA",
        });
    }
    let shared = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        // The XDG specification has relative paths ignored.
        folder("XDG_DATA_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| folder("HOME").map(|home| home.join(".local/share")))
    };
    match shared {
        Some(shared) => Ok(Root {
            path: shared.join("wgprune"),
            origin: "the user's data folder",
        }),
        None => Err(Error::data(
            "there is no folder to look for data sets in: neither --data-root, WGPRUNE_DATA nor a home folder is set",
            format!(
                "name one with --data-root DIR, or use --data {EMBEDDED}, which is embedded in the program"
            ),
        )),
    }
}

/// Opens the four files of a set where it lies.
pub(super) fn open_files(place: &Place) -> Result<[Source; 4]> {
    match place {
        Place::Program(entry, files) => Ok(std::array::from_fn(|i| Source {
            name: format!("embedded {}, file {}", entry.name, entry.archives[i].file()),
            bytes: Box::new(files[i]),
        })),
        Place::Root(entry, root) => {
            // A root that the next command would not find by itself has to be named again.
            let flag = if root.origin == FROM_FLAG {
                format!(" --data-root {}", root.path.display())
            } else {
                String::new()
            };
            let remedy = format!(
                "run `wgprune data get {}{flag}` to download it; or ",
                entry.name
            );
            open_folder(&root.path.join(entry.name), root.origin, &remedy)
        }
        Place::Folder(folder) => open_folder(folder, "from --data", ""),
    }
}

fn open_folder(folder: &Path, origin: &str, remedy: &str) -> Result<[Source; 4]> {
    let mut sources = Vec::new();
    let mut missing = Vec::new();
    for name in IDX_FILES {
        match open_file(folder, name)? {
            Some(source) => sources.push(source),
            None => missing.push(name),
        }
    }
    sources.try_into().map_err(|_| {
        let state = if folder.is_dir() {
            format!("lacks {}", missing.join(", "))
        } else if folder.exists() {
            "is not a folder".into()
        } else {
            "does not exist".into()
        };
        Error::data(
            format!("no data set in {} ({origin}), which {state}", folder.display()),
            format!(
                "{remedy}put the files {} there, each plain or with .gz; or name the folder that holds folders like \
                 mnist with --data-root DIR; or use --data {EMBEDDED}, which is embedded in the program",
                IDX_FILES.join(", ")
            ),
        )
    })
}

fn open_file(folder: &Path, name: &str) -> Result<Option<Source>> {
    for path in candidates(folder, name) {
        if let Some(file) = open_if_there(&path)? {
            return Ok(Some(Source {
                name: path.display().to_string(),
                bytes: Box::new(file),
            }));
        }
    }
    Ok(None)
}

/// Where a file may lie, unpacked or not; the first that is there counts.
pub(super) fn candidates(folder: &Path, name: &str) -> [PathBuf; 2] {
    [folder.join(name), folder.join(format!("{name}.gz"))]
}

pub(super) fn open_if_there(path: &Path) -> Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(e) => Err(Error::data(
            format!("cannot open {}: {e}", path.display()),
            "check the permissions of the file and of its folder",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(data_root: Option<&str>, set: &[&str]) -> Result<PathBuf> {
        let environment = |key: &str| {
            let value = match key {
                "WGPRUNE_DATA" => "/variable",
                "XDG_DATA_HOME" => "relative",
                _ => "/home",
            };
            Some(if set.contains(&key) {
                value.into()
            } else {
                OsString::new()
            })
        };
        choose_root(data_root.map(Path::new), &environment).map(|root| root.path)
    }

    #[test]
    fn the_flag_comes_before_the_variable_and_that_before_the_home_folder() {
        let homes = ["HOME", "LOCALAPPDATA", "XDG_DATA_HOME"];
        let all = [&homes[..], &["WGPRUNE_DATA"]].concat();
        assert!(root(Some("/flag"), &all).is_ok_and(|root| root == Path::new("/flag")));
        assert!(root(None, &all).is_ok_and(|root| root == Path::new("/variable")));
        // An XDG folder that is relative does not count, nor does an empty variable.
        assert!(
            root(None, &homes)
                .is_ok_and(|root| root.starts_with("/home") && root.ends_with("wgprune"))
        );
        assert!(root(None, &[]).is_err_and(|e| e.what.contains("WGPRUNE_DATA")));
    }
}
