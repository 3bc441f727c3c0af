//! From files to pixels, on all processors and in bounded memory.

mod file;
mod jpeg;
mod memory;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::layout::Item;
use crate::data::Split;
use memory::Memory;

/// Threads at most, each of which has a file in memory.
const MAX_THREADS: usize = 16;

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
    let memory = Memory::new();
    // Jobs are handed out in order, so that the first failures are found whatever the number of threads.
    let work = || {
        while lock(&failures).len() <= allowed {
            let Some((i, (pixels, item))) = lock(&jobs).next() else {
                break;
            };
            if let Err(why) = file::read(&item.path, size, pixels, &memory) {
                lock(&failures).push((i, format!("{} {why}", item.path.display())));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(items.len()).min(MAX_THREADS) {
            // Without a thread, the others do its share.
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
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
