//! From files to pixels, on all processors, trusting no header.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::layout::Item;
use crate::data::Split;

/// Longest side that an image may have, in pixels.
const MAX_SIDE: u32 = 1 << 14;

/// Most pixels of an image, more than cameras make.
const MAX_PIXELS: u64 = 1 << 26;

/// Bytes of an image, unpacked, and of what its decoder needs besides.
const MAX_ALLOCATION: u64 = 1 << 28;

/// Bytes of a file.
const MAX_FILE: u64 = 1 << 26;

/// Decodes all items to squares of `size`, N·size·size·3, and gives beside them what is wrong with the first of those
/// that were left out. If that is more than `allowed`, the images are not all there.
pub(super) fn decode(
    items: &[Item],
    size: u32,
    allowed: usize,
    threads: usize,
) -> (Split, Vec<String>) {
    let image_bytes = 3 * size as usize * size as usize;
    let mut images = vec![0; items.len() * image_bytes];
    let failures = Mutex::new(Vec::new());
    let jobs = images.chunks_exact_mut(image_bytes).zip(items).enumerate();
    let jobs = Mutex::new(jobs);
    // Jobs are handed out in order, so that the first failures are found whatever the number of threads.
    let work = || {
        while lock(&failures).len() <= allowed {
            let Some((i, (pixels, item))) = lock(&jobs).next() else {
                break;
            };
            if let Err(why) = read(&item.path, size, pixels) {
                lock(&failures).push((i, format!("{} {why}", item.path.display())));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            scope.spawn(work);
        }
    });
    let mut failures = failures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    failures.sort();
    failures.truncate(allowed + 1);

    let mut labels = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        if failures.binary_search_by_key(&i, |(at, _)| *at).is_err() {
            let from = i * image_bytes;
            images.copy_within(from..from + image_bytes, labels.len() * image_bytes);
            labels.push(item.label);
        }
    }
    images.truncate(labels.len() * image_bytes);
    let failures = failures.into_iter().map(|(_, why)| why).collect();
    (Split { images, labels }, failures)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Decodes a file to `pixels`: the square in its middle, scaled to `size`, in red, green and blue. Or tells what is
/// wrong, after the name of the file.
fn read(path: &Path, size: u32, pixels: &mut [u8]) -> Result<(), String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(|e| format!("cannot be read: {e}"))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!(
            "has more than the {MAX_FILE} bytes that an image file may have"
        ));
    }
    let format = match image::guess_format(&bytes) {
        Ok(ImageFormat::Jpeg) if !has_end(&bytes) => {
            return Err("is a JPEG file that ends before its image does".into());
        }
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png)) => format,
        _ => return Err("is neither a JPEG nor a PNG file".into()),
    };
    let undecodable = |e: ImageError| format!("cannot be decoded: {e}");
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(&bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(undecodable)?;
    // The crate's own message on this names no numbers.
    let (w, h) = decoder.dimensions();
    if w.max(h) > MAX_SIDE || u64::from(w) * u64::from(h) > MAX_PIXELS {
        return Err(format!(
            "says that it has {w} x {h} pixels, more than the {MAX_PIXELS}, or {MAX_SIDE} a side, that an image may have"
        ));
    }
    if decoder.total_bytes() > MAX_ALLOCATION {
        return Err(format!(
            "unpacks to {} bytes, more than the {MAX_ALLOCATION} that an image may have",
            decoder.total_bytes()
        ));
    }
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    decoder.set_limits(limits).map_err(undecodable)?;
    let image = DynamicImage::from_decoder(decoder).map_err(undecodable)?;
    let image = image.into_rgb8();
    // Cut before it is scaled: the other way round, a strip of one pixel would grow to gigabytes.
    let side = w.min(h);
    let square = imageops::crop_imm(&image, (w - side) / 2, (h - side) / 2, side, side);
    let square = imageops::resize(&*square, size, size, FilterType::Triangle);
    pixels.copy_from_slice(&square);
    Ok(())
}

/// Whether a JPEG file has the mark of its end behind the picture. Of one that was cut off, the decoder gives grey for
/// what is missing.
fn has_end(bytes: &[u8]) -> bool {
    let mut at = 2;
    // Only what follows the segments counts, as in one of them a small picture may lie, with an end of its own.
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..at + 4) {
        match marker {
            0xda => return bytes[at..].windows(2).any(|mark| mark == [0xff, 0xd9]),
            0xff => at += 1,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    // Whatever else this is, the decoder tells.
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test should panic")]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let items: Vec<Item> = (0..40_u8)
            .map(|i| {
                let path = folder.path().join(format!("{i}.png"));
                let image = RgbImage::from_pixel(5, 9, Rgb([i, 2 * i, 3 * i]));
                image.save(&path).unwrap();
                if i % 7 == 3 {
                    std::fs::write(&path, "bad").unwrap();
                }
                Item {
                    path,
                    label: i.into(),
                }
            })
            .collect();
        for allowed in [0, 2, 6, 9] {
            let one = decode(&items, 3, allowed, 1);
            assert_eq!(one.1.len(), 6.min(allowed + 1));
            for threads in [2, 3, 16] {
                let (split, failures) = decode(&items, 3, allowed, threads);
                assert_eq!(failures, one.1);
                // Otherwise the images are of no use.
                if failures.len() <= allowed {
                    assert!(split == one.0);
                }
            }
        }
        let (split, _) = decode(&items, 3, 6, 4);
        assert_eq!(split.labels.len(), 34);
        for (image, label) in split.images.chunks(27).zip(&split.labels) {
            assert!(image.iter().step_by(3).all(|&red| u16::from(red) == *label));
        }
    }
}
