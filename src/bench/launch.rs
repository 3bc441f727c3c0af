//! Each launch of a training step.

use super::{median, open};
use crate::config::Config;
use crate::error::Result;
use crate::gpu::{Gpu, Workload};
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
    /// What it computes a part of, if that sums products.
    pub workload: Option<Workload>,
    /// Name and variant of the kernel.
    pub kernel: String,
    /// Of each time it ran, alone, with the cost of a submission in it.
    pub seconds: Vec<f64>,
    /// The median by the time stamps of the device, where it has any.
    pub device_seconds: Option<f64>,
    /// Multiplications and additions, if it is a sum of products, as [`Dispatch::flops`](crate::gpu::Dispatch::flops).
    pub flops: u64,
    /// As [`Dispatch::bytes`](crate::gpu::Dispatch::bytes).
    pub bytes: u64,
}

/// Seconds that the host takes to submit a launch and to hear that it is done, at most, where nothing else keeps it.
const OVERHEAD: f64 = 0.001;

impl LaunchTime {
    /// Whether it is a step of Winograd's algorithm.
    pub fn is_winograd(&self) -> bool {
        self.kernel.contains("winograd")
    }

    /// Whether the clock of the device tells what the wall clock tells: not more, and not less than four fifths beside
    /// what a submission costs. Some drivers stamp when they are told of the work instead of when they do it.
    pub fn stamps_agree(&self) -> bool {
        let wall = median(&self.seconds);
        self.device_seconds.is_some_and(|device| {
            (0.0..=1.02 * wall).contains(&device) && wall - device <= 0.2 * wall + OVERHEAD
        })
    }
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
                workload: dispatch.workload,
                kernel: dispatch.kernel.label(),
                seconds: seconds.iter().map(|run| run.wall).collect(),
                device_seconds: seconds
                    .iter()
                    .map(|run| run.device)
                    .collect::<Option<Vec<f64>>>()
                    .map(|runs| median(&runs)),
                flops: dispatch.flops,
                bytes: dispatch.bytes,
            });
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_agree_that_are_a_little_below_the_wall_clock() {
        let row = |wall: f64, device_seconds: Option<f64>| LaunchTime {
            phase: "forward",
            layer: "conv1".into(),
            workload: None,
            kernel: "relu_forward".into(),
            seconds: vec![wall, 9.0, 0.0],
            device_seconds,
            flops: 0,
            bytes: 0,
        };
        for (wall, device) in [(0.5, 0.5), (0.5, 0.42), (0.0005, 0.0001), (0.5, 0.505)] {
            assert!(row(wall, Some(device)).stamps_agree(), "{wall} {device}");
        }
        for (wall, device) in [(0.5, 0.6), (0.5, 0.3), (0.5, -0.1), (0.1, 0.0)] {
            assert!(!row(wall, Some(device)).stamps_agree(), "{wall} {device}");
        }
        assert!(!row(0.5, None).stamps_agree());
    }
}
