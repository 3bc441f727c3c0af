//! From one file to a square of pixels, trusting no header.

use std::io::{Cursor, Read};
use std::path::Path;

use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use super::jpeg;
use super::memory::Memory;
use crate::data::source::open_regular;

/// Longest side that an image may have, in pixels.
const MAX_SIDE: u32 = 1 << 14;

/// Most pixels of an image, more than cameras make.
const MAX_PIXELS: u64 = 1 << 26;

/// Bytes of an image, unpacked, and of what its decoder needs besides.
const MAX_ALLOCATION: u64 = 1 << 28;

/// Bytes of a file.
const MAX_FILE: u64 = 1 << 26;

/// Bytes that a pixel may need beside those that it unpacks to: coefficients of a progressive JPEG file with four
/// channels, or red, green and blue of an image that has them in another form.
const WORK_BYTES: u64 = 8;

/// Bytes of a pixel that is being scaled: four channels of f32.
const SCALED_BYTES: u64 = 16;

/// What the header of a file says, and what makes an image of the rest.
pub(super) struct Header {
    pub(super) w: u32,
    pub(super) h: u32,
    /// Of all pixels, as they are unpacked.
    pub(super) bytes: u64,
    pub(super) decode: Box<dyn FnOnce() -> Result<RgbImage, String>>,
}

/// Decodes a file to `pixels`: the square in its middle, scaled to `size`, in red, green and blue. Or tells what is
/// wrong, after the name of the file.
pub(super) fn read(
    path: &Path,
    size: u32,
    pixels: &mut [u8],
    memory: &Memory,
) -> Result<(), String> {
    let mut bytes = Vec::new();
    open_regular(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(|e| format!("cannot be read: {e}"))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!(
            "has more than the {MAX_FILE} bytes that an image file may have"
        ));
    }
    let Header {
        w,
        h,
        bytes: unpacked,
        decode,
    } = match image::guess_format(&bytes) {
        Ok(ImageFormat::Jpeg) => jpeg::header(bytes)?,
        Ok(ImageFormat::Png) => png(bytes)?,
        _ => return Err("is neither a JPEG nor a PNG file".into()),
    };
    let count = u64::from(w) * u64::from(h);
    if w.max(h) > MAX_SIDE || count > MAX_PIXELS {
        return Err(format!(
            "says that it has {w} x {h} pixels, more than the {MAX_PIXELS}, or {MAX_SIDE} a side, that an image may have"
        ));
    }
    if unpacked > MAX_ALLOCATION {
        return Err(format!(
            "unpacks to {unpacked} bytes, more than the {MAX_ALLOCATION} that an image may have"
        ));
    }
    let side = w.min(h);
    let scaled = SCALED_BYTES * u64::from(side) * u64::from(size);
    let _share = memory.take(unpacked + WORK_BYTES * count + scaled);
    let image = decode()?;
    // Cut before it is scaled: the other way round, a strip of one pixel would grow to gigabytes.
    let square = imageops::crop_imm(&image, (w - side) / 2, (h - side) / 2, side, side);
    let square = imageops::resize(&*square, size, size, FilterType::Triangle);
    pixels.copy_from_slice(&square);
    Ok(())
}

fn png(bytes: Vec<u8>) -> Result<Header, String> {
    let undecodable = |e: ImageError| format!("cannot be decoded: {e}");
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Png);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(undecodable)?;
    let (w, h) = decoder.dimensions();
    Ok(Header {
        w,
        h,
        bytes: decoder.total_bytes(),
        decode: Box::new(move || {
            decoder.set_limits(limits).map_err(undecodable)?;
            let image = DynamicImage::from_decoder(decoder).map_err(undecodable)?;
            Ok(image.into_rgb8())
        }),
    })
}
