//! Each launch of a training step.

use super::{median, open};
use crate::config::Config;
use crate::error::Result;
use crate::gpu::{Gpu, Kept, LaunchSeconds, Workload};
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
    /// The median of submissions of nothing, between those.
    pub submission_seconds: f64,
    /// The median by the time stamps of the device, where it has any.
    pub device_seconds: Option<f64>,
    /// Multiplications and additions, if it is a sum of products, as [`Dispatch::flops`](crate::gpu::Dispatch::flops).
    pub flops: u64,
    /// As [`Dispatch::bytes`](crate::gpu::Dispatch::bytes).
    pub bytes: u64,
}

/// A launch may take so many times as long as a submission of nothing beside its own work: that wakes no threads of a
/// software adapter, which take 50 us more on llvmpipe, where nothing takes 30.
const WAKING: f64 = 3.0;

impl LaunchTime {
    /// Whether it is a step of Winograd's algorithm.
    pub fn is_winograd(&self) -> bool {
        self.kernel.contains("winograd")
    }

    /// The median by the wall clock, less what a submission costs.
    pub fn own_seconds(&self) -> f64 {
        (median(&self.seconds) - self.submission_seconds).max(0.0)
    }

    /// The one of two measurements of a launch that took less: by the clock of the device, if its stamps agree in both.
    #[must_use]
    pub fn quicker(self, other: Self) -> Self {
        let is_stamped = self.stamps_agree() && other.stamps_agree();
        let seconds = |row: &Self| {
            let device = row.device_seconds.filter(|_| is_stamped);
            device.unwrap_or_else(|| row.own_seconds())
        };
        if seconds(&other) < seconds(&self) {
            other
        } else {
            self
        }
    }

    /// Whether the clock of the device tells what the wall clock tells: not more, and not less than four fifths of it
    /// without the cost of a submission, and that of waking up. Some drivers stamp when they are told of the work instead
    /// of when they do it.
    pub fn stamps_agree(&self) -> bool {
        let (wall, own) = (median(&self.seconds), self.own_seconds());
        self.device_seconds.is_some_and(|device| {
            device > 0.0
                && device <= 1.02 * wall
                && own - device <= 0.2 * own + WAKING * self.submission_seconds
        })
    }
}

/// The launches of a training step on made-up images, each `repeats` times, where no more than `most` is kept from forwards
/// to backwards.
///
/// # Errors
/// A network that does not fit the device, a kernel that it refuses, or a device that fails.
pub fn launches(
    gpu: &Arc<Gpu>,
    net: &Net,
    config: &Config,
    repeats: u32,
    most: Kept,
) -> Result<Vec<LaunchTime>> {
    let (mut session, config) = open(gpu, net, config, most)?;
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
            let each = |time: fn(&LaunchSeconds) -> f64| -> Vec<f64> {
                seconds.iter().map(time).collect()
            };
            let stamped: Option<Vec<f64>> = seconds.iter().map(|run| run.device).collect();
            rows.push(LaunchTime {
                phase,
                layer: dispatch.layer.clone(),
                workload: dispatch.workload,
                kernel: dispatch.kernel.label(),
                seconds: each(|run| run.wall),
                submission_seconds: median(&each(|run| run.submission)),
                device_seconds: stamped.map(|runs| median(&runs)),
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

    fn row(wall: f64, submission: f64, device: Option<f64>) -> LaunchTime {
        LaunchTime {
            phase: "forward",
            layer: "conv1".into(),
            workload: None,
            kernel: "relu_forward".into(),
            seconds: vec![wall, 9.0, 0.0],
            submission_seconds: submission,
            device_seconds: device,
            flops: 0,
            bytes: 0,
        }
    }

    #[test]
    fn stamps_agree_that_are_a_little_below_the_wall_clock() {
        for (wall, submission, device) in [
            (0.5, 0.001, 0.5),
            (0.5, 0.001, 0.42),
            (0.5, 0.001, 0.505),
            // Nearly all is what a submission costs, on a quick host and on a slow one.
            (60e-6, 50e-6, 3e-6),
            (6e-3, 5e-3, 3e-6),
            // It takes longer to wake up.
            (127e-6, 30e-6, 45e-6),
            // A submission of nothing took longer.
            (40e-6, 50e-6, 3e-6),
        ] {
            let row = row(wall, submission, Some(device));
            assert!(row.stamps_agree(), "{wall} {submission} {device}");
        }
        for (wall, submission, device) in [
            (0.5, 0.001, 0.6),
            (0.5, 0.001, 0.3),
            (0.5, 0.001, -0.1),
            (0.1, 0.001, 0.0),
            (60e-6, 50e-6, 0.0),
            (500e-6, 50e-6, 100e-6),
        ] {
            let row = row(wall, submission, Some(device));
            assert!(!row.stamps_agree(), "{wall} {submission} {device}");
        }
        assert!(!row(0.5, 0.001, None).stamps_agree());
    }

    #[test]
    fn the_quicker_measurement_is_by_stamps_if_both_have_them() {
        let pick = |a: (f64, Option<f64>), b: (f64, Option<f64>)| {
            let [a, b] = [a, b].map(|(wall, device)| row(wall, 0.001, device));
            a.quicker(b).seconds[0]
        };
        let is = |picked: f64, wanted: f64| assert!((picked - wanted).abs() < f64::EPSILON);
        is(pick((0.5, Some(0.45)), (0.6, Some(0.5))), 0.5);
        is(pick((0.5, Some(0.49)), (0.52, Some(0.45))), 0.52);
        // These stamps cannot be trusted.
        is(pick((0.5, Some(0.49)), (0.6, Some(0.1))), 0.5);
        is(pick((0.6, None), (0.5, Some(0.49))), 0.5);
    }
}
