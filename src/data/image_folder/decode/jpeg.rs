//! JPEG files, decoded as strictly as their form allows.
//!
//! A JPEG file has no checksum. A scan that ends too early is found out, and so is one in which bits that changed make
//! a code that there is not, or more codes than there are bits. Others decode to a wrong picture.

use image::RgbImage;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::file::Header;

/// The mark of the end.
const END: [u8; 2] = [0xff, 0xd9];

/// Bits that are all 1 and begin no code. The decoder takes as many zeros as it needs behind a scan that is too short,
/// and may make a grey picture of them, but it stumbles over these.
const NO_CODE: [[u8; 2]; 32] = [[0xff, 0]; 32];

pub(super) fn header(mut bytes: Vec<u8>) -> Result<Header, String> {
    let end = end(&bytes).ok_or("is a JPEG file that ends before its image does")?;
    // There may be another image behind it.
    bytes.truncate(end);
    bytes.extend(NO_CODE.as_flattened());
    bytes.extend(END);
    let undecodable =
        |e: DecodeErrors| format!("cannot be decoded: {}", e.to_string().trim_matches('"'));
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        // Its message on this names no numbers; the caller's does.
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(undecodable)?;
    let (w, h) = decoder.dimensions().unwrap_or_default();
    let sides = u32::try_from(w).ok().zip(u32::try_from(h).ok());
    let (w, h) = sides.ok_or("says that it has 2^32 pixels a side")?;
    Ok(Header {
        w,
        h,
        bytes: 3 * u64::from(w) * u64::from(h),
        decode: Box::new(move || {
            let pixels = decoder.decode().map_err(undecodable)?;
            RgbImage::from_raw(w, h, pixels).ok_or_else(|| "decodes to too few pixels".into())
        }),
    })
}

/// Where the mark of the end is. Segments are skipped whole, as in one of them a small picture may lie, with an end of
/// its own; a scan has no marks in it but those from which it can be read again.
fn end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match *bytes.get(at..)?.first_chunk()? {
            END => return Some(at),
            [0xff, 0x02..=0xcf | 0xda..=0xfe] => {
                let length = bytes.get(at + 2..)?.first_chunk()?;
                at += 2 + usize::from(u16::from_be_bytes(*length));
            }
            _ => at += 1,
        }
    }
}
