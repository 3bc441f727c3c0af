//! Reads a folder of JPEG and PNG files, a folder to each class.

use std::path::Path;
use std::thread::available_parallelism;

use super::{Contents, Split};
use crate::error::{Error, ErrorKind, Result};
use crate::net::Shape;
use layout::{Item, Layout};

mod decode;
mod layout;

pub(super) use layout::is_in;

/// How a folder of images is read; other forms of data have all that decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageOptions {
    /// Side of the squares that the images become, in pixels.
    pub size: u32,
    /// Share of each class that is tested on, where no folder is set apart for that.
    pub test_share: f64,
    /// Files that may be bad; they are left out.
    pub skip_bad: u32,
}

impl Default for ImageOptions {
    fn default() -> Self {
        Self {
            size: 64,
            test_share: 0.2,
            skip_bad: 0,
        }
    }
}

/// Bad files that a message names before it only counts them.
const NAMED: usize = 5;

/// Reads a folder with `train` and `val` or `test` in it, or with the classes themselves.
pub(super) fn read(root: &Path, options: &ImageOptions) -> Result<Contents> {
    let Layout {
        classes,
        train,
        test,
    } = layout::find(root, options.test_share)?;
    log::info!(
        "decoding {} + {} images of {} classes in {}",
        train.len(),
        test.len(),
        classes.len(),
        root.display()
    );
    let mut bad = Vec::new();
    let train = decode(root, &train, options, &mut bad)?;
    let test = decode(root, &test, options, &mut bad)?;
    if !bad.is_empty() {
        log::warn!("left out {}", listed(&bad));
        let mut left = vec![0_u32; classes.len()];
        for &label in &train.labels {
            left[usize::from(label)] += 1;
        }
        if let Some(empty) = left.iter().position(|&images| images == 0) {
            return Err(Error::data(
                format!(
                    "all images to train on of the class {} in {} are bad: {}",
                    classes[empty],
                    root.display(),
                    listed(&bad)
                ),
                "mend them, or remove the folder of the class",
            ));
        }
    }
    let side = options.size;
    Ok(Contents {
        train,
        test,
        shape: Shape {
            h: side,
            w: side,
            c: 3,
        },
        classes: u32::try_from(classes.len()).unwrap_or(u32::MAX),
    })
}

/// Decodes a part of a set; `bad` grows by what is left out of it.
fn decode(
    root: &Path,
    items: &[Item],
    options: &ImageOptions,
    bad: &mut Vec<String>,
) -> Result<Split> {
    let image_bytes = 3 * u64::from(options.size).pow(2);
    if items.len() as u64 * image_bytes > u64::from(u32::MAX) {
        return Err(Error::new(
            ErrorKind::Memory,
            format!(
                "{} images of {1} x {1} pixels in {2} are 4 GiB or more, and kernels count in 32 bits",
                items.len(),
                options.size,
                root.display()
            ),
            "make them smaller with --set data.size=PIXELS, or use fewer",
        ));
    }
    let allowed = options.skip_bad as usize;
    let threads = available_parallelism().map_or(1, usize::from);
    let (split, failures) = decode::decode(items, options.size, allowed - bad.len(), threads);
    bad.extend(failures);
    if bad.len() <= allowed {
        return Ok(split);
    }
    let what = match allowed {
        0 => listed(bad),
        _ => format!("more than {allowed} files are bad: {}", listed(bad)),
    };
    Err(Error::data(
        what,
        "mend or remove the file; or leave out up to N bad files with --skip-bad N, which names them",
    ))
}

/// The first of these messages, and how many there are more.
fn listed(bad: &[String]) -> String {
    let first = bad[..bad.len().min(NAMED)].join("; ");
    match bad.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first}; and {more} more"),
    }
}
