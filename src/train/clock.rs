//! How long a run takes and how fast it trains, over all the processes that work on it.

use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// What a run took so far. The time between two processes does not count, nor what a process did before its first step
/// was done.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// Seconds, evaluations and checkpoints included.
    pub seconds: f64,
    /// Seconds in training steps alone.
    pub steady: f64,
    /// Images trained on in `steady`.
    pub images: u64,
}

impl Spent {
    /// Training images a second.
    pub fn images_per_second(&self) -> f64 {
        self.images as f64 / self.steady.max(1e-9)
    }
}

/// Measures what is spent, and what is due by the clock.
pub(super) struct Clock {
    before: Spent,
    /// When the first step of this process was done, with its compilation of shaders.
    first: Option<Instant>,
    since: Instant,
    steady: Duration,
    images: u64,
    read: Instant,
    saved: Instant,
}

impl Clock {
    /// Goes on from what earlier processes spent.
    pub(super) fn start(before: Spent) -> Self {
        let now = Instant::now();
        Self {
            before,
            first: None,
            since: now,
            steady: Duration::ZERO,
            images: 0,
            read: now,
            saved: now,
        }
    }

    /// When the first step of this process was done, if it was.
    pub(super) fn first(&self) -> Option<Instant> {
        self.first
    }

    /// A step with so many images was submitted; the first one was waited for, too.
    pub(super) fn stepped(&mut self, images: u32) {
        if self.first.is_some() {
            self.images += u64::from(images);
        } else {
            self.since = Instant::now();
            self.first = Some(self.since);
        }
    }

    /// All submitted steps are done, and something else begins.
    pub(super) fn pause(&mut self) {
        self.steady += self.since.elapsed();
    }

    pub(super) fn resume(&mut self) {
        self.since = Instant::now();
    }

    pub(super) fn unread(&self) -> Duration {
        self.read.elapsed()
    }

    pub(super) fn mark_read(&mut self) {
        self.read = Instant::now();
    }

    pub(super) fn unsaved(&self) -> Duration {
        self.saved.elapsed()
    }

    pub(super) fn mark_saved(&mut self) {
        self.saved = Instant::now();
    }

    /// Until now; to be asked for while paused.
    pub(super) fn spent(&self) -> Spent {
        let seconds = self
            .first
            .map_or(0.0, |first| first.elapsed().as_secs_f64());
        Spent {
            seconds: self.before.seconds + seconds,
            steady: self.before.steady + self.steady.as_secs_f64(),
            images: self.before.images + self.images,
        }
    }
}
