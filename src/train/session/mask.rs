//! Updates of the mask.

use super::{GRADIENTS, Session};
use crate::config::Scope;
use crate::error::{Error, ErrorKind, Result};
use crate::gpu::Tensor;
use crate::ops::Record;
use crate::train::{moved_at, wanted};

impl Session {
    /// How many weights each segment of `scope` keeps at this sparsity.
    pub fn wanted(&self, scope: Scope, sparsity: f64) -> Vec<u32> {
        let shapes: Vec<&[u32]> = self.tensors.prunable().map(|own| &own.shape[..]).collect();
        wanted(scope, &shapes, sparsity)
    }

    /// Removed share of the prunable weights, where so many of each tensor are kept.
    pub fn sparsity(&self, kept: &[u32]) -> f64 {
        let sum = |counts: &[u32]| counts.iter().map(|&count| f64::from(count)).sum::<f64>();
        1.0 - sum(kept) / sum(&self.prunable)
    }

    /// Waits for the device and reads how many weights of each prunable tensor the mask keeps.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    pub fn kept(&self) -> Result<Vec<u32>> {
        self.machine.read(&self.tensors.kept)
    }

    /// Submits a mask before the first step that leaves so many random weights of each tensor.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    ///
    /// # Panics
    /// If the configuration of the session has no such start.
    pub fn sparsify(&mut self, keep: &[u32]) -> Result<()> {
        let params = self.batch_of(0);
        self.machine.write(&self.tensors.step, &[params]);
        let none = vec![0; keep.len()];
        self.machine
            .write(&self.tensors.layer_counts, &[keep, &none].concat());
        self.machine.replay(&["sparsify"])
    }

    /// Submits a mask update before `step` that keeps so many weights of each segment. Where the criterion asks for
    /// gradients, they are those of the images that the step is about to take, without augmentation, through the network as
    /// it is used.
    ///
    /// # Errors
    /// The device was lost or reported an error, or the loss is not finite.
    ///
    /// # Panics
    /// If the metrics table is full.
    pub fn prune(&mut self, step: u32, keep: &[u32]) -> Result<()> {
        assert!(!self.is_full(), "the metrics table is read when it is full");
        // The step's own record comes over that of the scores.
        let params = self.batch_of(step);
        self.machine.write(&self.tensors.step, &[params]);
        self.machine.write(&self.tensors.keep, keep);
        if let Some(scale) = self.tensors.flow.as_ref().map(|flow| flow.scale.clone()) {
            return self.prune_by_flow(&scale);
        }
        if self.settings.criterion.needs_gradients() {
            self.machine.replay(&GRADIENTS)?;
            let records: Vec<Record> = self.machine.read(&self.tensors.records)?;
            if records[self.unread as usize].fault().is_some() {
                return Err(Error::new(
                    ErrorKind::Diverged,
                    format!("the loss that weights are ranked by before step {step} is not finite"),
                    "rank them earlier, with --set prune.start=0it, or lower --lr",
                ));
            }
        }
        self.machine.replay(&["prune"])
    }

    /// Notes the weights and running statistics of this moment, for [`rewind`](Self::rewind).
    ///
    /// # Errors
    /// The device was lost or reported an error.
    ///
    /// # Panics
    /// If by the configuration of the session nothing is rewound.
    pub fn remember(&mut self) -> Result<()> {
        self.machine.replay(&["remember"])
    }

    /// Takes weights and running statistics back to what was noted, without what the mask removes, and puts the optimiser at
    /// rest.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    ///
    /// # Panics
    /// As [`remember`](Self::remember).
    pub fn rewind(&mut self) -> Result<()> {
        self.machine.replay(&["rewind"])?;
        for moments in self.tensors.moments() {
            let zeros = vec![0f32; moments.len() as usize];
            self.machine.write(moments, &zeros);
        }
        Ok(())
    }

    /// Submits a mask update after the step before `step`, by whose gradients it may go: of the `kept` weights of each
    /// tensor this share is dropped, and as many others grow.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    ///
    /// # Panics
    /// If by the configuration of the session nothing grows.
    pub fn regrow(&mut self, step: u32, share: f64, kept: &[u32]) -> Result<()> {
        let params = self.batch_of(step);
        self.machine.write(&self.tensors.step, &[params]);
        let moved = kept.iter().map(|&kept| moved_at(share, kept));
        let stay = kept
            .iter()
            .zip(moved.clone())
            .map(|(kept, moved)| kept - moved);
        let counts: Vec<u32> = stay.chain(moved).collect();
        self.machine.write(&self.tensors.layer_counts, &counts);
        self.machine.replay(&["regrow"])
    }

    /// Ranks weights by how much flows through them where nothing cancels, and prunes. What goes in is scaled, forwards and
    /// backwards, by a power of two such that what comes out of deep networks stays within the range of numbers; so is what
    /// layers add, and no rank changes.
    fn prune_by_flow(&mut self, scale: &Tensor) -> Result<()> {
        self.machine.replay(&["flow-start"])?;
        let mut exponent = 0;
        for _ in 0..FLOW_TRIES {
            self.machine.write(scale, &[2f32.powi(-exponent)]);
            self.machine.replay(&["flow-image", "infer"])?;
            let out: Vec<f32> = self.machine.read(&self.tensors.logits)?;
            let is_finite = out.iter().all(|value| value.is_finite());
            let largest = out.into_iter().fold(0.0, f32::max);
            match next_exponent(is_finite.then_some(largest), exponent) {
                Some(next) => exponent = next,
                None => {
                    let rest = ["flow-gradient", "backward-infer", "prune", "flow-end"];
                    return self.machine.replay(&rest);
                }
            }
        }
        self.machine.replay(&["flow-end"])?;
        Err(Error::new(
            ErrorKind::Other,
            "the flow of the network, by which prune.criterion = \"synflow\" ranks weights, is nothing or exceeds 32-bit numbers",
            "take another criterion, or a network of fewer or narrower layers; where a layer lost all of its weights, \
             prune.collapse=keep-one lets it keep one",
        ))
    }
}

/// How often the scale of a flow is tried.
const FLOW_TRIES: u32 = 10;
/// Powers of two that the scale moves by where what comes out tells nothing, and that the flow may be away from 1.
const FLOW_MOVE: i32 = 40;
/// Powers of two within which both ends of a flow lie, so that what is between them stays within the range.
const FLOW_MOST: i32 = 100;

/// The next exponent to try, where `largest` comes out of a network that is fed `2^-exponent`, or a number beyond the range;
/// none if this one will do.
fn next_exponent(largest: Option<f32>, exponent: i32) -> Option<i32> {
    let change = match largest {
        None => FLOW_MOVE,
        Some(0.0) => -FLOW_MOVE,
        Some(largest) => {
            #[allow(clippy::cast_possible_truncation, reason = "the exponent of a float")]
            let out = largest.log2().round() as i32;
            // What flows backwards has the factor, too.
            let both_ways = out - exponent;
            if both_ways.abs() <= FLOW_MOVE && out.abs() <= FLOW_MOST {
                return None;
            }
            both_ways / 2
        }
    };
    Some(exponent + change)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exponent at which the flow of a network of this flow, as a power of two, is taken, if it is.
    fn settles(flow: i32) -> Option<i32> {
        let mut exponent = 0;
        for _ in 0..FLOW_TRIES {
            // Out of range from 2^128 on, and nothing below 2^-126.
            let out = match flow - exponent {
                128.. => None,
                -126..128 => Some(2f32.powi(flow - exponent)),
                _ => Some(0.0),
            };
            match next_exponent(out, exponent) {
                None => return Some(exponent),
                Some(next) => exponent = next,
            }
        }
        None
    }

    #[test]
    fn flows_are_scaled_to_what_both_ways_can_hold_or_refused() {
        for flow in -180..=180 {
            let exponent = settles(flow).unwrap_or_else(|| panic!("2^{flow}"));
            assert!((flow - exponent).abs() <= FLOW_MOST, "2^{flow}: {exponent}");
            assert!(
                (flow - 2 * exponent).abs() <= FLOW_MOVE,
                "2^{flow}: {exponent}"
            );
        }
        for flow in [-400, 300, 400, 1000] {
            assert_eq!(settles(flow), None, "2^{flow}");
        }
    }
}
