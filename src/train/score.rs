//! Loss and accuracy over a set of images.

use crate::ops::Record;
use serde::{Deserialize, Serialize};

/// Which images to evaluate on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageSet {
    /// Held out of training.
    Validation,
    /// The test files.
    Test,
}

/// Loss and accuracy over some images.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// Sum of the losses of all images.
    pub loss_sum: f64,
    /// Images whose first largest output is the label's.
    pub hits: u64,
    /// Images.
    pub images: u64,
    /// Batches.
    pub batches: u64,
}

impl Score {
    /// Mean loss of an image.
    pub fn loss(&self) -> f64 {
        self.loss_sum / self.images.max(1) as f64
    }

    /// Share of hits, 0 to 1.
    pub fn accuracy(&self) -> f64 {
        self.hits as f64 / self.images.max(1) as f64
    }

    pub(super) fn add_all(&mut self, records: &[Record]) {
        for record in records {
            self.add(record);
        }
    }

    pub(super) fn add(&mut self, record: &Record) {
        self.loss_sum += f64::from(record.loss) * f64::from(record.count);
        self.hits += u64::from(record.hits);
        self.images += u64::from(record.count);
        self.batches += 1;
    }
}
