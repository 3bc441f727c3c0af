//! What sanity checks do to a mask or to what it goes by, see [`Control`](crate::config::Control).

use super::{ParameterState, Session, Snapshot};
use crate::config::Config;
use crate::error::Result;
use crate::random::{Stream, permutation};
use crate::train::evaluate::count;

/// The seed of other initial values than those of a seed.
const OTHER: u64 = 1 << 63;

impl Session {
    /// Has the mask of each prunable tensor keep as many weights elsewhere, by chance. Weights are what they were `before`, or
    /// what they were rewound to.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    pub fn shuffle_mask(&mut self, before: Option<&Snapshot>) -> Result<()> {
        let seed = self.seed;
        let mut before = before.map(|before| before.iter());
        self.change_state(|slot, own| {
            if let Some(before) = before.as_mut().and_then(Iterator::next) {
                own.weights.clone_from(&before.weights);
            } else if let Some(remembered) = own.state.last() {
                own.weights.clone_from(remembered);
            }
            if own.parameter.is_prunable() {
                let places = permutation(seed, Stream::Control, slot, count(own.mask.len()));
                own.mask = places.iter().map(|&i| own.mask[i as usize]).collect();
            }
        })
    }

    /// Gives all parameters other initial values, under the same mask.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    pub fn reinitialise(&mut self, config: &Config) -> Result<()> {
        let values = config.init.values(self.parameters(), config.seed ^ OTHER);
        let mut values = values.into_iter();
        self.change_state(|_, own| own.weights = values.next().unwrap_or_default())
    }

    /// Changes the parameters; what their masks remove then becomes 0.
    fn change_state(&mut self, mut change: impl FnMut(u32, &mut ParameterState)) -> Result<()> {
        let mut snapshot = self.snapshot()?;
        for (slot, own) in (0..).zip(&mut snapshot) {
            change(slot, own);
            for (weight, kept) in own.weights.iter_mut().zip(&own.mask) {
                if *kept == 0 {
                    *weight = 0.0;
                }
            }
        }
        // Records of steps are none of that.
        let unread = self.unread;
        self.restore(&snapshot)?;
        self.unread = unread;
        Ok(())
    }

    /// Has training images have each other's labels, until [`give_labels_back`](Self::give_labels_back).
    pub(super) fn mix_labels(&mut self) -> Vec<u16> {
        let all = count(self.labels.len());
        let places = permutation(self.seed, Stream::Control, u32::MAX, all);
        let mixed = places.iter().map(|&i| self.labels[i as usize]).collect();
        self.set_labels(mixed)
    }

    pub(super) fn give_labels_back(&mut self, labels: Vec<u16>) {
        self.set_labels(labels);
    }

    /// Gives those that there were.
    fn set_labels(&mut self, labels: Vec<u16>) -> Vec<u16> {
        let words: Vec<u32> = labels.iter().map(|&label| label.into()).collect();
        self.machine
            .write(&self.tensors.labels[crate::net::TRAIN], &words);
        std::mem::replace(&mut self.labels, labels)
    }
}
