//! Memory that threads share while they decode.

use std::sync::{Condvar, Mutex, PoisonError};

/// Bytes that all images which are being decoded may need together, whatever the number of threads.
const TOTAL: u64 = 1 << 30;

/// What is left of [`TOTAL`].
pub(super) struct Memory {
    free: Mutex<u64>,
    given_back: Condvar,
}

/// A part of a [`Memory`], which it gets back when this is dropped.
pub(super) struct Share<'a> {
    memory: &'a Memory,
    bytes: u64,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            free: Mutex::new(TOTAL),
            given_back: Condvar::new(),
        }
    }

    /// Waits until so much is free, or all of it for an image that needs more than there is.
    pub(super) fn take(&self, bytes: u64) -> Share<'_> {
        let bytes = bytes.min(TOTAL);
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = self.given_back.wait_while(free, |free| *free < bytes);
        *enough.unwrap_or_else(PoisonError::into_inner) -= bytes;
        Share {
            memory: self,
            bytes,
        }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let free = self.memory.free.lock();
        *free.unwrap_or_else(PoisonError::into_inner) += self.bytes;
        self.memory.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    use std::thread;

    #[test]
    fn threads_never_hold_more_than_there_is() {
        let (memory, held, most) = (Memory::new(), AtomicU64::new(0), AtomicU64::new(0));
        let work = |part: u64| {
            for i in 0..200 {
                let bytes = [TOTAL / 5, 2 * TOTAL / 3, 3 * TOTAL]
                    [usize::from(i % 7 == part) + usize::from(i % 50 == part)];
                let _share = memory.take(bytes);
                let bytes = bytes.min(TOTAL);
                most.fetch_max(held.fetch_add(bytes, SeqCst) + bytes, SeqCst);
                thread::yield_now();
                held.fetch_sub(bytes, SeqCst);
            }
        };
        thread::scope(|scope| {
            for part in 0..6 {
                scope.spawn(move || work(part));
            }
        });
        assert!((1..=TOTAL).contains(&most.into_inner()));
        assert_eq!(memory.free.into_inner().expect("no panic"), TOTAL);
    }
}
