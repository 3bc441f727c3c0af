//! The metrics table: one row for each step, written on the device and read when it is due.

use super::StepParams;
use crate::gpu::{Constant, Grid, Kernel, Plan, Tensor, kernel};
use bytemuck::{Pod, Zeroable};

const KERNEL: Kernel = kernel!("metrics", "step", "record", "finite");

/// Invocations of the one workgroup that adds up a batch.
const WIDTH: u32 = 64;

/// One row of the table. Mirrors `shaders/shared/record.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Record {
    /// Mean loss of the batch.
    pub loss: f32,
    /// Samples whose first largest output is the label's.
    pub hits: u32,
    /// Samples.
    pub count: u32,
    /// See [`Record::fault`].
    pub fault: u32,
}

/// What was not finite in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The loss.
    Loss,
    /// A gradient of the four parameters from this position on. They and their moments were left as they were.
    Gradient(u32),
    /// What a step makes of the four parameters from this position on, or of their moments. All of them were left as
    /// they were.
    Update(u32),
}

impl Fault {
    /// What a record's `fault` holds for this; the mirror of the constants in `shaders/shared/record.wgsl`.
    pub fn word(self) -> u32 {
        match self {
            Self::Loss => u32::MAX,
            Self::Gradient(position) => position | 1,
            Self::Update(position) => position | 2,
        }
    }
}

impl Record {
    /// Elements of four bytes in one row.
    #[allow(clippy::cast_possible_truncation, reason = "a handful of words")]
    pub const LEN: u32 = (size_of::<Self>() / 4) as u32;

    /// Rows of a table.
    ///
    /// # Panics
    /// If `records` is empty or does not consist of whole rows.
    pub(super) fn rows(records: &Tensor) -> u32 {
        let rows = records.len() / Self::LEN;
        records.expect_len(&[rows.max(1), Self::LEN]);
        rows
    }

    /// What was not finite, if anything.
    pub fn fault(&self) -> Option<Fault> {
        // The inverse of `Fault::word`.
        let position = self.fault & !3;
        match self.fault & 3 {
            0 => None,
            1 => Some(Fault::Gradient(position)),
            2 => Some(Fault::Update(position)),
            _ => Some(Fault::Loss),
        }
    }
}

/// Adds up `loss` and `hit` of `n` rows into the step's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metrics {
    /// Rows of the batch.
    pub n: u32,
}

impl Metrics {
    /// Writes all of the row `step.record` of `records`, which holds [`Record`]s; of the last, if that is too high.
    ///
    /// # Panics
    /// If a tensor has another number of elements than the geometry, or `records` is no table of rows.
    pub fn record(&self, plan: &mut Plan, [loss, hit, step]: [&Tensor; 3], records: &Tensor) {
        for tensor in [loss, hit] {
            tensor.expect_len(&[self.n]);
        }
        step.expect_len(&[StepParams::LEN]);
        let constants: [Constant; 3] = [
            ("N", self.n.into()),
            ("ROWS", Record::rows(records).into()),
            ("WORKGROUP_SIZE", WIDTH.into()),
        ];
        plan.dispatch(
            &KERNEL,
            &constants,
            &[loss, hit, step, records],
            Grid([1, 1, 1]),
        );
    }
}
