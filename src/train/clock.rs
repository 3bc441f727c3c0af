//! How fast a run trains, without its first step and its evaluations.

use super::Score;
use std::time::{Duration, Instant};

/// Time spent in training steps, from the end of the first one, without evaluation.
pub(super) struct Clock {
    /// When the metrics table was last read.
    pub(super) unread: Instant,
    since: Instant,
    steady: Duration,
    images: u64,
    skipped: u64,
}

impl Clock {
    pub(super) fn start() -> Self {
        let now = Instant::now();
        Self {
            unread: now,
            since: now,
            steady: Duration::ZERO,
            images: 0,
            skipped: 0,
        }
    }

    /// The first step, with its compilation of shaders, is over and does not count.
    pub(super) fn begin_steady(&mut self) -> Instant {
        self.since = Instant::now();
        self.skipped = 1;
        self.since
    }

    pub(super) fn pause(&mut self, score: &Score) {
        self.steady += self.since.elapsed();
        let Score {
            images, batches, ..
        } = *score;
        self.images += images - images / batches.max(1) * std::mem::take(&mut self.skipped);
    }

    pub(super) fn resume(&mut self) {
        self.since = Instant::now();
    }

    pub(super) fn images_per_second(&self) -> f64 {
        self.images as f64 / self.steady.as_secs_f64().max(1e-9)
    }
}
