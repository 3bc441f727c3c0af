//! Reads the IDX files of MNIST and its relatives, plain or gzip, trusting nothing that they say.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::catalogue::Entry;
use super::locate::Folder;
use super::source::{MAX_BYTES, Source, is_gzip, is_page};
use super::{Contents, Split};
use crate::error::{Error, Result};
use crate::net::Shape;

/// Classes of every data set in the format of MNIST; labels are 0 to 9.
const CLASSES: u32 = 10;

/// The files: images and labels, for training and for testing.
const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// Bytes looked at before anything is decided: the longest header.
const START_BYTES: u64 = 16;

const REMEDY: &str =
    "fetch or copy the file again, or use --data mnist-mini, which is embedded in the program";

/// What is to be put into a folder.
pub(super) fn wanted() -> String {
    format!("the files {}, each plain or with .gz", FILES.join(", "))
}

/// Whether any of the files is in `folder`.
pub(super) fn is_in(folder: &Path) -> bool {
    let mut places = FILES.iter().flat_map(|name| candidates(folder, name));
    places.any(|path| path.is_file())
}

/// Reads a set that is embedded in the program.
pub(super) fn read_embedded(entry: &Entry, files: &'static [&'static [u8]]) -> Result<Contents> {
    read_files(std::array::from_fn(|i| Source {
        name: format!("embedded {}, file {}", entry.name, entry.archives[i].name),
        bytes: Box::new(files[i]),
    }))
}

/// Reads the set in a folder.
pub(super) fn read_folder(folder: &Folder) -> Result<Contents> {
    let mut sources = Vec::new();
    let mut missing = Vec::new();
    for name in FILES {
        let mut found = None;
        for path in candidates(&folder.path, name) {
            found = found.map_or_else(|| Source::open(&path), |found| Ok(Some(found)))?;
        }
        match found {
            Some(source) => sources.push(source),
            None => missing.push(name),
        }
    }
    let sources = sources.try_into();
    read_files(sources.map_err(|_| folder.lacks(&missing, &wanted()))?)
}

/// Where a file may lie, unpacked or not; the first that is there counts.
fn candidates(folder: &Path, name: &str) -> [PathBuf; 2] {
    [folder.join(name), folder.join(format!("{name}.gz"))]
}

fn read_files(sources: [Source; 4]) -> Result<Contents> {
    let [train_images, train_labels, test_images, test_labels] = sources;
    let (train_name, test_name) = (train_images.name.clone(), test_images.name.clone());
    let (train, h, w) = read_split(train_images, train_labels)?;
    let (test, test_h, test_w) = read_split(test_images, test_labels)?;
    if (h, w) != (test_h, test_w) {
        return Err(Error::data(
            format!(
                "{train_name} has images of {h} x {w} pixels, but {test_name} of {test_h} x {test_w}"
            ),
            "put training and test images of one size into the folder",
        ));
    }
    Ok(Contents {
        train,
        test,
        shape: Shape { h, w, c: 1 },
        classes: CLASSES,
    })
}

/// Reads a file of images and the file of their labels; gives the split, height and width.
fn read_split(images: Source, labels: Source) -> Result<(Split, u32, u32)> {
    let (images_name, labels_name) = (images.name.clone(), labels.name.clone());
    let ([images_count, height, width], images) = read::<3>(images)?;
    let ([labels_count], labels) = read::<1>(labels)?;
    if images_count != labels_count {
        return Err(Error::data(
            format!(
                "{images_name} has {images_count} images, but {labels_name} has {labels_count} labels"
            ),
            "put images and labels that belong together into the folder",
        ));
    }
    if let Some(position) = labels.iter().position(|&label| u32::from(label) >= CLASSES) {
        return Err(Error::data(
            format!(
                "{labels_name} has the label {} for image {position}, but the labels of {CLASSES} classes are 0 to {}",
                labels[position],
                CLASSES - 1
            ),
            REMEDY,
        ));
    }
    let labels = labels.into_iter().map(u16::from).collect();
    Ok((Split { images, labels }, height, width))
}

/// Reads a file of `D` dimensions of u8 values: the dimensions, and as many values as they announce.
fn read<const D: usize>(source: Source) -> Result<([u32; D], Vec<u8>)> {
    let Source { name, bytes } = source;
    let bad = |what: String| Error::data(format!("{name} {what}"), REMEDY);

    let (start, bytes) = peek(bytes).map_err(|e| bad(format!("cannot be read: {e}")))?;
    let is_gzip = is_gzip(&start);
    let fault = |e: io::Error| {
        let what = if is_gzip { "unpacked" } else { "read" };
        bad(format!("cannot be {what}: {e}"))
    };
    let bytes = io::Cursor::new(start).chain(bytes);
    // The multi-member decoder, because the other one overlooks what follows the first member.
    let (start, bytes) = if is_gzip {
        peek(Box::new(MultiGzDecoder::new(bytes)))
    } else {
        peek(Box::new(bytes))
    }
    .map_err(fault)?;

    let dimensions = check_header::<D>(&start).map_err(bad)?;
    let expected = dimensions
        .iter()
        .try_fold(1_u64, |product, &n| product.checked_mul(n.into()))
        .filter(|&product| product <= MAX_BYTES)
        .ok_or_else(|| {
            bad(format!(
                "announces {} bytes, more than the {MAX_BYTES} that a file may hold",
                written(&dimensions)
            ))
        })?;

    // No capacity is reserved: memory grows with the bytes that are there, not with those announced.
    // One byte too many is let in, which shows that the file is too long and ends a gzip bomb.
    let mut values = Vec::new();
    let outcome = start[header_bytes::<D>()..]
        .chain(bytes)
        .take(expected + 1)
        .read_to_end(&mut values);
    let found = values.len() as u64;
    match outcome {
        Err(e) => Err(fault(io::Error::new(
            e.kind(),
            format!("{e}, after {found} of {expected} bytes"),
        ))),
        Ok(_) if found < expected => Err(bad(format!(
            "ends early: expected {expected} bytes after the header, found {found}"
        ))),
        Ok(_) if found > expected => Err(bad(format!(
            "goes on for too long: expected {expected} bytes after the header, found at least {found}"
        ))),
        Ok(_) => Ok((dimensions, values)),
    }
}

/// The first bytes of a stream, and what follows them.
fn peek(mut bytes: Box<dyn Read>) -> io::Result<(Vec<u8>, Box<dyn Read>)> {
    let mut start = Vec::new();
    bytes.by_ref().take(START_BYTES).read_to_end(&mut start)?;
    Ok((start, bytes))
}

/// The dimensions that a header announces, or what is wrong with it.
fn check_header<const D: usize>(start: &[u8]) -> std::result::Result<[u32; D], String> {
    if is_page(start) {
        return Err("is a web page, most likely the error page of a server".into());
    }
    let Some(header) = start.get(..header_bytes::<D>()) else {
        return Err(format!(
            "ends inside its header: expected {} bytes, found {}",
            header_bytes::<D>(),
            start.len()
        ));
    };
    let (words, _) = header.as_chunks::<4>();
    let magic = u32::from_be_bytes(words[0]);
    if magic as usize != magic_number(D) {
        let swapped = [1, 3]
            .into_iter()
            .find(|&d| magic as usize == magic_number(d));
        return Err(match swapped {
            Some(d) => format!("holds {}, but {} belong there", contents(d), contents(D)),
            None => format!(
                "is not an IDX file of {}: it begins with 0x{magic:08x}, not 0x{:08x}",
                contents(D),
                magic_number(D)
            ),
        });
    }
    let dimensions = std::array::from_fn(|i| u32::from_be_bytes(words[i + 1]));
    if dimensions.contains(&0) {
        return Err(format!(
            "is empty: it announces {} bytes",
            written(&dimensions)
        ));
    }
    Ok(dimensions)
}

/// 0x08 stands for values of type u8; the last byte counts the dimensions.
const fn magic_number(dimensions: usize) -> usize {
    0x0800 + dimensions
}

const fn header_bytes<const D: usize>() -> usize {
    4 + 4 * D
}

const fn contents(dimensions: usize) -> &'static str {
    if dimensions == 1 { "labels" } else { "images" }
}

fn written(dimensions: &[u32]) -> String {
    let factors: Vec<String> = dimensions.iter().map(u32::to_string).collect();
    factors.join(" x ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test should panic")]
mod tests {
    use super::*;
    use flate2::{Compression, bufread::GzEncoder};

    /// A labels file that announces five labels and never ends.
    const HEADER: &[u8] = &[0, 0, 8, 1, 0, 0, 0, 5];

    fn assert_cut_off(bytes: impl Read + 'static) {
        let name = "the file".into();
        let bytes = Box::new(bytes);
        let error = read::<1>(Source { name, bytes }).unwrap_err();
        assert!(
            error
                .what
                .contains("expected 5 bytes after the header, found at least 6"),
            "{error}"
        );
    }

    #[test]
    fn an_endless_file_is_cut_off() {
        assert_cut_off(HEADER.chain(io::repeat(1)));
    }

    #[test]
    fn an_endless_gzip_stream_is_cut_off() {
        let (mut first, mut more) = (Vec::new(), Vec::new());
        GzEncoder::new(HEADER, Compression::fast())
            .read_to_end(&mut first)
            .unwrap();
        GzEncoder::new([0; 4096].as_slice(), Compression::fast())
            .read_to_end(&mut more)
            .unwrap();
        assert_cut_off(io::Cursor::new(first).chain(Repeated(more, 0)));
    }

    /// The same bytes again and again, and the place reached in them.
    struct Repeated(Vec<u8>, usize);

    impl Read for Repeated {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = (&self.0[self.1..]).read(buffer)?;
            self.1 = (self.1 + n) % self.0.len();
            Ok(n)
        }
    }
}
