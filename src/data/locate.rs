//! Where a data set lies: in the program, in its folder under a root, or at a path that was given.

use std::ffi::OsString;
use std::path::{Path, PathBuf, is_separator};

use super::catalogue::{self, EMBEDDED, Entry, Home};
use crate::error::{Error, Result, as_argument};

/// Where a data set lies.
pub(super) enum Place<'a> {
    Program(&'static Entry, &'static [&'static [u8]]),
    /// In its folder under this root.
    Root(&'static Entry, Root),
    Path(&'a Path),
}

/// The folder that holds a folder for each named set.
pub(super) struct Root {
    pub(super) path: PathBuf,
    origin: &'static str,
}

const FROM_FLAG: &str = "from --data-root";

/// A folder in which files are looked for, and what messages say of it.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    origin: &'static str,
    /// What is to be done before all else.
    remedy: String,
}

impl Folder {
    /// Of a named set.
    pub(super) fn of_set(entry: &Entry, root: &Root) -> Self {
        // A root that the next command would not find by itself has to be named again.
        let flag = if root.origin == FROM_FLAG {
            format!(" --data-root {}", as_argument(&root.path))
        } else {
            String::new()
        };
        Self {
            path: root.path.join(entry.folder),
            origin: root.origin,
            remedy: format!(
                "run `wgprune data get {}{flag}` to download it; or ",
                entry.name
            ),
        }
    }

    /// That was given instead of a name.
    pub(super) fn given(path: &Path) -> Self {
        Self {
            path: path.into(),
            origin: "from --data",
            remedy: String::new(),
        }
    }

    /// One that was found instead.
    pub(super) fn at(&self, path: &Path) -> Self {
        Self {
            path: path.into(),
            origin: self.origin,
            remedy: self.remedy.clone(),
        }
    }

    /// The error of a folder without these files, or, if none are named, without any that are known; `wanted` is what
    /// belongs there.
    pub(super) fn lacks(&self, files: &[&str], wanted: &str) -> Error {
        let state = if !self.path.exists() {
            "does not exist".into()
        } else if !self.path.is_dir() {
            "is not a folder, nor an archive that ends in .tar.gz or .tgz".into()
        } else if files.is_empty() {
            "has no files of a known form".into()
        } else {
            format!("lacks {}", files.join(", "))
        };
        Error::data(
            format!(
                "no data set in {} ({}), which {state}",
                self.path.display(),
                self.origin
            ),
            format!(
                "{}put {wanted} there; or name the folder that holds folders like mnist with --data-root DIR; or use \
                 --data {EMBEDDED}, which is embedded in the program",
                self.remedy
            ),
        )
    }
}

pub(super) fn locate<'a>(name_or_path: &'a str, data_root: Option<&Path>) -> Result<Place<'a>> {
    let path = Path::new(name_or_path);
    match catalogue::find(name_or_path) {
        Ok(entry) => match entry.home {
            Home::Embedded(files) => Ok(Place::Program(entry, files)),
            Home::Mirrors(_) => Ok(Place::Root(entry, find_root(data_root)?)),
        },
        Err(_) if name_or_path.contains(is_separator) || path.exists() => Ok(Place::Path(path)),
        Err(unknown) => {
            let hint = "a folder of files can be given instead of a name, such as --data ./digits";
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
/// a name and its absolute root, or an absolute path.
///
/// # Errors
///
/// Of kind `Data` if there is nothing at the path, or it is not Unicode, as configurations are.
pub fn absolute(name_or_path: &str, data_root: Option<&Path>) -> Result<(String, String)> {
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
    Ok(match locate(name_or_path, data_root)? {
        Place::Program(..) => (name_or_path.into(), String::new()),
        Place::Root(_, root) => (name_or_path.into(), written(&root.path)?),
        Place::Path(path) => (written(path)?, String::new()),
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
