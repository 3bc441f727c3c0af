//! What a run tells while it goes on and when it ends.

use super::{Cost, Schedule, Score, Snapshot, Spent};
use crate::error::Result;
use crate::ops::Record;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// What a run tells while it goes on; what nobody listens to is passed over.
pub trait Observer {
    /// Steps that were read back, the first of which was `first`; their losses are means of a batch.
    fn steps(&mut self, first: u32, records: &[Record], schedule: &Schedule) -> Result<()> {
        let _ = (first, records, schedule);
        Ok(())
    }

    /// A mask update before `step`: kept weights of each prunable tensor.
    fn pruned(&mut self, step: u32, sparsity: f64, kept: &[u32]) -> Result<()> {
        let _ = (step, sparsity, kept);
        Ok(())
    }

    /// The end of an epoch, or of the run.
    fn epoch(&mut self, summary: &EpochSummary) -> Result<()> {
        let _ = summary;
        Ok(())
    }

    /// A moment from which the run could go on. All steps up to it were told.
    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let _ = checkpoint;
        Ok(())
    }
}

/// One line of a training curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochSummary {
    /// From 1.
    pub epoch: u32,
    /// Steps so far.
    pub step: u32,
    /// Over the steps of the epoch.
    pub train: Score,
    /// On the images held out of training, if any.
    pub validation: Option<Score>,
    /// On the test set.
    pub test: Score,
    /// Realised, of the prunable weights.
    pub sparsity: f64,
    /// As [`Spent::seconds`].
    pub seconds: f64,
}

/// How far a run has come: what decides, together with a [`Snapshot`], everything that follows.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Steps that are done.
    pub step: u32,
    /// Over the steps of the epoch so far.
    pub tally: Score,
    /// The last epoch that ended, if any.
    pub last: Option<EpochSummary>,
    /// Decides nothing but the times that are told.
    pub spent: Spent,
    /// What the steps took; none if the run began with a version that did not count it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// A moment between two steps from which a run can go on, to the same end.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// How far.
    pub position: Position,
    /// What lies on the device.
    pub snapshot: Snapshot,
}

/// How a call of [`train`](super::train()) ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// At the end of the schedule.
    Finished(Box<Finish>),
    /// After so many steps, as it was asked to, and with a checkpoint there.
    Stopped(u32),
}

/// What a finished run reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finish {
    /// The last epoch, whether or not it was the best.
    pub last: EpochSummary,
    /// Weights that are not removed.
    pub kept: u32,
    /// Time and speed.
    pub spent: Spent,
    /// As [`Position::cost`].
    pub cost: Option<Cost>,
    /// When the first step of this process was done, unless there was none left to do.
    pub first_step: Option<Instant>,
}
