//! Which files in a folder are images, of which class they are, and which are to test on.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::random::{Stream, permutation};

/// A file and the class of its image.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) path: PathBuf,
    pub(super) label: u16,
}

/// All files of a set.
#[derive(Debug)]
pub(super) struct Layout {
    /// Names by label.
    pub(super) classes: Vec<String>,
    pub(super) train: Vec<Item>,
    pub(super) test: Vec<Item>,
}

/// Decides which images a set without a part to test on is tested on. Never the seed of a run: runs of other seeds
/// would be compared on other images, and `eval`, which knows no seed, would test on what was trained on.
const SPLIT_SEED: u64 = 0;

/// Caltech-101 has this folder of pictures of nothing beside its 101 classes; it is usually left out.
const NO_CLASS: &str = "BACKGROUND_Google";

/// Where Tiny-ImageNet has the classes of its images to test on: a line for each, which begins with file and class.
const ANNOTATIONS: &str = "val_annotations.txt";

/// In which folder its images lie.
const IMAGES: &str = "images";

const EXTENSIONS: [&str; 3] = ["jpg", "jpeg", "png"];

const FORMS: &str =
    "give a folder with train/CLASS/*.jpg and val/CLASS/*.jpg (or test), or one with CLASS/*.jpg";

/// A folder of images.
struct Class {
    name: OsString,
    images: Vec<PathBuf>,
}

/// Whether there are folders in `folder`, as classes are.
pub(in crate::data) fn is_in(folder: &Path) -> bool {
    folders(folder).is_ok_and(|folders| !folders.is_empty())
}

/// Finds the images in `root`, classes and files in the order of their names. Without a folder `val` or `test`,
/// `test_share` of each class is tested on.
pub(super) fn find(root: &Path, test_share: f64) -> Result<Layout> {
    // A class may be called so too; it has images in it rather than folders.
    let train = Some(root.join("train")).filter(|train| is_in(train));
    let tests = ["val", "test"].map(|name| root.join(name));
    let test = tests.iter().find(|test| train.is_some() && test.is_dir());
    let folder = train.as_deref().unwrap_or(root);
    let mut ignored = Vec::new();
    let classes = classes(folder, &mut ignored)?;
    if let [] | [_] = classes[..] {
        return Err(Error::data(
            format!(
                "{} has {} with images, and there is nothing to tell apart",
                folder.display(),
                if classes.is_empty() {
                    "no folder"
                } else {
                    "one folder"
                }
            ),
            format!("{FORMS}, with two classes at least"),
        ));
    }
    if classes.len() > 1 << 16 {
        return Err(Error::data(
            format!("{} has more than 65536 classes", folder.display()),
            FORMS,
        ));
    }
    let (train, test) = match test {
        None => split(&classes, test_share)?,
        Some(test) => {
            let annotations = test.join(ANNOTATIONS);
            let items = if annotations.is_file() {
                annotated(test, &annotations, &classes)?
            } else {
                matching(test, &self::classes(test, &mut ignored)?, &classes, folder)?
            };
            (labelled(&classes), items)
        }
    };
    if let Some(first) = ignored.first() {
        log::info!(
            "{} files are left out as their names do not end in .jpg, .jpeg or .png, the first {}",
            ignored.len(),
            first.display()
        );
    }
    let name = |class: Class| class.name.to_string_lossy().into_owned();
    Ok(Layout {
        classes: classes.into_iter().map(name).collect(),
        train,
        test,
    })
}

/// The classes that have a folder in `folder`. Files that are no images go to `ignored`.
fn classes(folder: &Path, ignored: &mut Vec<PathBuf>) -> Result<Vec<Class>> {
    let mut classes = Vec::new();
    for path in folders(folder)? {
        let name = path.file_name().unwrap_or_default().to_owned();
        if name == NO_CLASS {
            log::info!("{} is left out, as it is no class", path.display());
            continue;
        }
        let inner = path.join(IMAGES);
        let mut images = images(&path, ignored)?;
        if images.is_empty() && inner.is_dir() {
            images = self::images(&inner, ignored)?;
        }
        if images.is_empty() {
            return Err(Error::data(
                format!(
                    "{} is empty: it has no file that ends in .jpg, .jpeg or .png",
                    path.display()
                ),
                format!("remove it if it is no class; or {FORMS}"),
            ));
        }
        classes.push(Class { name, images });
    }
    Ok(classes)
}

fn images(folder: &Path, ignored: &mut Vec<PathBuf>) -> Result<Vec<PathBuf>> {
    let is_image = |path: &PathBuf| {
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        EXTENSIONS
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    };
    // Whatever is called an image counts as one, so that it is told if it is none, a folder or a pipe included.
    let (images, others): (Vec<_>, Vec<_>) = entries(folder)?.into_iter().partition(is_image);
    ignored.extend(others.into_iter().filter(|path| !path.is_dir()));
    Ok(images)
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = entries(folder)?;
    folders.retain(|path| path.is_dir());
    Ok(folders)
}

/// What is in a folder and not hidden, by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
        let mut names = entries.collect::<std::io::Result<Vec<_>>>()?;
        names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
        names.sort();
        Ok(names.into_iter().map(|name| folder.join(name)).collect())
    };
    read().map_err(|error| unreadable(folder, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::data(
        format!("cannot read {}: {error}", path.display()),
        "check that it is there, and its permissions",
    )
}

fn labelled(classes: &[Class]) -> Vec<Item> {
    let labels = (0..=u16::MAX).zip(classes);
    let items =
        labels.flat_map(|(label, class)| class.images.iter().map(move |path| (label, path)));
    items
        .map(|(label, path)| Item {
            path: path.clone(),
            label,
        })
        .collect()
}

/// All images, and which of them are to test on: the same share of each class, at least one, and never all.
fn split(classes: &[Class], test_share: f64) -> Result<(Vec<Item>, Vec<Item>)> {
    let mut is_test = Vec::new();
    for (label, class) in (1..).zip(classes) {
        let count = u32::try_from(class.images.len()).unwrap_or(u32::MAX);
        if count < 2 {
            return Err(Error::data(
                format!(
                    "the class {} has one image, which cannot be trained on and tested on",
                    class.name.display()
                ),
                "add another; or put the images to test on into val/CLASS, and the others into train/CLASS",
            ));
        }
        let first = is_test.len();
        is_test.resize(first + class.images.len(), false);
        // The sub-stream 0 is that of the validation images.
        let order = permutation(SPLIT_SEED, Stream::Split, label, count);
        for (rank, position) in (0..count - 1).zip(order) {
            let is_in_share = f64::from(rank) + 0.5 < test_share * f64::from(count);
            is_test[first + position as usize] = rank == 0 || is_in_share;
        }
    }
    let (test, train): (Vec<_>, Vec<_>) = labelled(classes)
        .into_iter()
        .zip(is_test)
        .partition(|(_, is_test)| *is_test);
    let items = |part: Vec<(Item, bool)>| part.into_iter().map(|(item, _)| item).collect();
    Ok((items(train), items(test)))
}

/// The images of the folder `test`, whose classes must be those of `train`.
fn matching(test: &Path, found: &[Class], classes: &[Class], train: &Path) -> Result<Vec<Item>> {
    let lacks = |folder: &Path, name: &OsStr, other: &Path| {
        Error::data(
            format!(
                "{} has no class {}, but {} has",
                folder.display(),
                name.display(),
                other.display()
            ),
            "give both the same folders",
        )
    };
    let missing = |some: &[Class], all: &[Class]| {
        let is_new = |class: &&Class| some.iter().all(|other| other.name != class.name);
        all.iter().find(is_new).map(|class| class.name.clone())
    };
    if let Some(name) = missing(classes, found) {
        return Err(lacks(train, &name, test));
    }
    if let Some(name) = missing(found, classes) {
        return Err(lacks(test, &name, train));
    }
    Ok(labelled(found))
}

/// The images in `test/images`, of the classes that a file names.
fn annotated(test: &Path, annotations: &Path, classes: &[Class]) -> Result<Vec<Item>> {
    let text = fs::read_to_string(annotations).map_err(|error| unreadable(annotations, &error))?;
    let mut items = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty()) {
        let bad = |what: String| {
            Error::data(
                format!("{} {what} in line {number}", annotations.display()),
                "fetch or unpack the file again",
            )
        };
        let (file, rest) = line
            .split_once('\t')
            .ok_or_else(|| bad("has no tab between file and class".into()))?;
        let class = rest.split('\t').next().unwrap_or_default();
        if file.contains(['/', '\\', ':']) || file == ".." {
            return Err(bad(format!("names {file}, which leads out of its folder")));
        }
        let mut labels = (0..=u16::MAX).zip(classes);
        let label = labels.find(|(_, known)| known.name == class);
        let (label, _) = label.ok_or_else(|| {
            bad(format!(
                "names the class {class}, of which there is nothing to train on,"
            ))
        })?;
        let path = test.join(IMAGES).join(file);
        if !path.exists() {
            return Err(bad(format!(
                "names {file}, which is not in its folder {IMAGES},"
            )));
        }
        items.push(Item { path, label });
    }
    if items.is_empty() {
        return Err(Error::data(
            format!("{} names no images", annotations.display()),
            "fetch or unpack the file again",
        ));
    }
    Ok(items)
}
