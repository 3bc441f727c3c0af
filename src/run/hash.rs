//! SHA-256 of files and of data.

use crate::data::Dataset;
use sha2::{Digest, Sha256};

/// Digits of a digest.
pub(super) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Of these bytes, in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Of all images and labels with what they are normalised by, in hexadecimal digits: the same for the same data,
/// wherever it lies and however it was packed.
pub(super) fn sha256_of_data(dataset: &Dataset) -> String {
    let mut hash = Sha256::new();
    let shape = [
        dataset.height,
        dataset.width,
        dataset.channels,
        dataset.classes,
    ];
    hash.update(bytemuck::cast_slice::<u32, u8>(&shape.map(u32::to_le)));
    for value in dataset.mean.iter().chain(&dataset.std) {
        hash.update(value.to_le_bytes());
    }
    for split in [&dataset.train, &dataset.test] {
        hash.update((split.labels.len() as u64).to_le_bytes());
        hash.update(&split.labels);
        hash.update(&split.images);
    }
    hex(&hash.finalize())
}
