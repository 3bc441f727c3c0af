//! Each launch of a training step.

use super::open;
use crate::config::Config;
use crate::error::Result;
use crate::gpu::Gpu;
use crate::net::Net;
use crate::train::STEP;
use std::sync::Arc;

/// What one launch takes.
#[derive(Debug, Clone)]
pub struct LaunchTime {
    /// For example `backward`.
    pub phase: &'static str,
    /// Name of the layer.
    pub layer: String,
    /// Name and variant of the kernel.
    pub kernel: String,
    /// Of each time it ran, alone, with the cost of a submission in it.
    pub seconds: Vec<f64>,
    /// Multiplications and additions, if it is a sum of products, as [`Dispatch::flops`](crate::gpu::Dispatch::flops).
    pub flops: u64,
    /// As [`Dispatch::bytes`](crate::gpu::Dispatch::bytes).
    pub bytes: u64,
}

/// The launches of a training step on made-up images, each `repeats` times.
///
/// # Errors
/// A network that does not fit the device, a kernel that it refuses, or a device that fails.
pub fn launches(
    gpu: &Arc<Gpu>,
    net: &Net,
    config: &Config,
    repeats: u32,
) -> Result<Vec<LaunchTime>> {
    let (mut session, config) = open(gpu, net, config)?;
    // A whole step first, so that every launch finds what it finds in training. A rate of 0 keeps the weights.
    session.step(0, 0.0, &config.optimiser)?;
    session.read()?;
    let mut rows = Vec::new();
    for phase in STEP {
        let times = session.time_launches(phase, repeats)?;
        let phases = session.plan().phases().iter();
        let dispatches = phases
            .filter(|own| own.name == phase)
            .flat_map(|own| &own.dispatches);
        for (dispatch, seconds) in dispatches.zip(times) {
            rows.push(LaunchTime {
                phase,
                layer: dispatch.layer.clone(),
                kernel: dispatch.kernel.label(),
                seconds,
                flops: dispatch.flops,
                bytes: dispatch.bytes,
            });
        }
    }
    Ok(rows)
}
