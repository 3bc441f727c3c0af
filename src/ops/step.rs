//! What changes from step to step: the only thing that the host uploads for each.

use bytemuck::{Pod, Zeroable};

/// Mirrors `Step` of `shaders/shared/step.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct StepParams {
    /// First entry of the sample order that belongs to this batch.
    pub position: u32,
    /// Samples in this batch; the rest of the rows is padding.
    pub count: u32,
    /// Row of the metrics table.
    pub record: u32,
    /// Counts the random numbers of augmentation.
    pub epoch: u32,
    /// The run's seed, low word first.
    pub seed: [u32; 2],
    /// Of this step.
    pub learning_rate: f32,
    /// `1 - beta1^t` of Adam.
    pub correction_1: f32,
    /// `1 - beta2^t` of Adam.
    pub correction_2: f32,
    /// Share of the velocity that SGD keeps, or `beta1` of Adam.
    pub momentum: f32,
}

impl StepParams {
    /// Elements of four bytes.
    #[allow(clippy::cast_possible_truncation, reason = "a handful of words")]
    pub const LEN: u32 = (size_of::<Self>() / 4) as u32;
}
