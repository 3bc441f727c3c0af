//! Image data sets: the one embedded in the program, and those found by name or folder. Nothing is downloaded.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf, is_separator};

use crate::error::{Error, Result};
use crate::nearest::nearest;
use crate::net::Shape;

mod idx;

use idx::Source;

/// Classes of every data set in the format of MNIST; labels are 0 to 9.
const CLASSES: u32 = 10;

/// The set that is embedded in the program.
const EMBEDDED: &str = "mnist-mini";

/// Names, with mean and standard deviation of the full training set, in 0..1.
const KNOWN: [(&str, f32, f32); 3] = [
    (EMBEDDED, 0.1307, 0.3081),
    ("mnist", 0.1307, 0.3081),
    ("fashion-mnist", 0.2860, 0.3530),
];

/// The four files of a set: images and labels, for training and for testing.
const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// A data set, whole in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The known name, or the folder as it was given.
    pub name: String,
    /// What is trained on; validation images are cut from it.
    pub train: Split,
    /// What is only ever evaluated.
    pub test: Split,
    /// H, in pixels.
    pub height: u32,
    /// W, in pixels.
    pub width: u32,
    /// C; 1 for grey.
    pub channels: u32,
    /// Number of classes; labels are below it.
    pub classes: u32,
    /// Mean of each channel, in 0..1; C values.
    pub mean: Vec<f32>,
    /// Standard deviation of each channel, in 0..1, never zero; C values.
    pub std: Vec<f32>,
}

impl Dataset {
    /// Bytes of one image, H·W·C.
    pub fn image_bytes(&self) -> usize {
        self.height as usize * self.width as usize * self.channels as usize
    }

    /// What a network for these images reads.
    pub fn input(&self) -> Shape {
        Shape {
            h: self.height,
            w: self.width,
            c: self.channels,
        }
    }
}

/// Images and their labels, in the order of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// N·H·W·C, 0 to 255.
    pub images: Vec<u8>,
    /// N.
    pub labels: Vec<u8>,
}

impl Split {
    /// N, the number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// Opens a data set by name (`mnist-mini`, `mnist`, `fashion-mnist`) or by the folder of its four IDX files.
///
/// `mnist-mini` is always the embedded one. The others lie in a folder of their name in `data_root`; without
/// it, in the folder that `WGPRUNE_DATA` names; without that, in `wgprune` in the platform's data folder.
/// Whatever has a path separator in it, or is a folder here without being a known name, is taken as a folder;
/// channel statistics are then those of its own training images.
///
/// # Errors
///
/// Of kind `Config` if the name is unknown, and of kind `Data` if files are missing or damaged.
pub fn open(name_or_dir: &str, data_root: Option<&Path>) -> Result<Dataset> {
    let sources = match locate(name_or_dir, data_root)? {
        Place::Program => embedded(),
        Place::Root(root, origin) => open_folder(&root.join(name_or_dir), origin)?,
        Place::Folder(folder) => open_folder(folder, "from --data")?,
    };
    let known = KNOWN.iter().find(|known| known.0 == name_or_dir);
    read(
        name_or_dir,
        sources,
        known.map(|&(_, mean, std)| (mean, std)),
    )
}

/// Where a data set lies.
enum Place<'a> {
    Program,
    /// In the folder of its name under this root, found in this way.
    Root(PathBuf, &'static str),
    Folder(&'a Path),
}

fn locate<'a>(name_or_dir: &'a str, data_root: Option<&Path>) -> Result<Place<'a>> {
    let folder = Path::new(name_or_dir);
    if name_or_dir == EMBEDDED {
        Ok(Place::Program)
    } else if KNOWN.iter().any(|known| known.0 == name_or_dir) {
        let (root, origin) = find_root(data_root, &|key| std::env::var_os(key))?;
        Ok(Place::Root(root, origin))
    } else if name_or_dir.contains(is_separator) || folder.is_dir() {
        Ok(Place::Folder(folder))
    } else {
        Err(unknown(name_or_dir))
    }
}

/// What [`open`] was given, such that it means the same data from any working directory and in any environment:
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
        Place::Program => (name_or_dir.into(), String::new()),
        Place::Root(root, _) => (name_or_dir.into(), written(&root)?),
        Place::Folder(folder) => (written(folder)?, String::new()),
    })
}

fn read(name: &str, sources: [Source; 4], statistics: Option<(f32, f32)>) -> Result<Dataset> {
    let [train_images, train_labels, test_images, test_labels] = sources;
    let (train_name, test_name) = (train_images.name.clone(), test_images.name.clone());
    let (train, height, width) = idx::read_split(train_images, train_labels)?;
    let (test, test_height, test_width) = idx::read_split(test_images, test_labels)?;
    if (height, width) != (test_height, test_width) {
        return Err(Error::data(
            format!(
                "{train_name} has images of {height} x {width} pixels, but {test_name} of {test_height} x {test_width}"
            ),
            "put training and test images of one size into the folder",
        ));
    }
    let (mean, std) = statistics.unwrap_or_else(|| mean_and_std(&train.images));
    Ok(Dataset {
        name: name.into(),
        train,
        test,
        height,
        width,
        channels: 1,
        classes: CLASSES,
        mean: vec![mean],
        std: vec![std],
    })
}

/// Mean and standard deviation in 0..1, to four decimals like published figures, so that a folder of MNIST
/// gets exactly those that the name gives. A set of one shade has deviation 1, as one divides by it.
fn mean_and_std(images: &[u8]) -> (f32, f32) {
    let (sum, squares) = images
        .iter()
        .fold((0_u64, 0_u64), |(sum, squares), &value| {
            let value = u64::from(value);
            (sum + value, squares + value * value)
        });
    let count = images.len() as f64;
    let mean = sum as f64 / count / 255.0;
    let variance = squares as f64 / count / (255.0 * 255.0) - mean * mean;
    let std = four_decimals(variance.max(0.0).sqrt());
    (four_decimals(mean), if std > 0.0 { std } else { 1.0 })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "statistics are f32; nothing is cut off but digits"
)]
fn four_decimals(value: f64) -> f32 {
    ((value * 1e4).round() / 1e4) as f32
}

fn embedded() -> [Source; 4] {
    let files: [&'static [u8]; 4] = [
        include_bytes!("../assets/mnist-mini/train-images-idx3-ubyte.gz"),
        include_bytes!("../assets/mnist-mini/train-labels-idx1-ubyte.gz"),
        include_bytes!("../assets/mnist-mini/t10k-images-idx3-ubyte.gz"),
        include_bytes!("../assets/mnist-mini/t10k-labels-idx1-ubyte.gz"),
    ];
    std::array::from_fn(|i| Source {
        name: format!("embedded {EMBEDDED}, file {}.gz", FILES[i]),
        bytes: Box::new(files[i]),
    })
}

/// The one folder in which named sets are looked for, and who named it. The environment is an argument, so
/// that tests need not change that of the process.
fn find_root(
    data_root: Option<&Path>,
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> Result<(PathBuf, &'static str)> {
    let folder = |key| {
        environment(key)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(root) = data_root {
        return Ok((root.into(), "from --data-root"));
    }
    if let Some(root) = folder("WGPRUNE_DATA") {
        return Ok((root, "from WGPRUNE_DATA"));
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
        Some(shared) => Ok((shared.join("wgprune"), "the user's data folder")),
        None => Err(Error::data(
            "there is no folder to look for data sets in: neither --data-root, WGPRUNE_DATA nor a home folder is set",
            format!(
                "name one with --data-root DIR, or use --data {EMBEDDED}, which is embedded in the program"
            ),
        )),
    }
}

/// Opens the four files in `folder`, each plain or with `.gz`.
fn open_folder(folder: &Path, origin: &str) -> Result<[Source; 4]> {
    let mut sources = Vec::new();
    let mut missing = Vec::new();
    for name in FILES {
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
                "put the files {} there, each plain or with .gz; or name the folder that holds folders like mnist \
                 with --data-root DIR; or use --data {EMBEDDED}, which is embedded in the program",
                FILES.join(", ")
            ),
        )
    })
}

fn open_file(folder: &Path, name: &str) -> Result<Option<Source>> {
    for path in [folder.join(name), folder.join(format!("{name}.gz"))] {
        match File::open(&path) {
            Ok(file) => {
                return Ok(Some(Source {
                    name: path.display().to_string(),
                    bytes: Box::new(file),
                }));
            }
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) => {}
            Err(e) => {
                return Err(Error::data(
                    format!("cannot open {}: {e}", path.display()),
                    "check the permissions of the file and of its folder",
                ));
            }
        }
    }
    Ok(None)
}

fn unknown(name: &str) -> Error {
    let names = KNOWN.map(|known| known.0);
    let guess = nearest(name, names);
    let question = guess
        .map(|known| format!("did you mean {known}? "))
        .unwrap_or_default();
    Error::config(
        format!(
            "no data set is called \"{name}\"; there are {}",
            names.join(", ")
        ),
        format!(
            "{question}A folder of IDX files can be given instead of a name, such as --data ./digits"
        ),
    )
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
        find_root(data_root.map(Path::new), &environment).map(|(root, _)| root)
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
