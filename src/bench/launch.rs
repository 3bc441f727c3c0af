//! Each launch of a training step.

use crate::config::Config;
use crate::error::Result;
use crate::gpu::{Gpu, Tensor, Tuning};
use crate::net::{Net, compile};
use crate::train::{check_batch, settings};
use std::sync::Arc;

/// The phases of a training step, in order.
const PHASES: [&str; 5] = ["gather", "forward", "loss", "backward", "update"];

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
    /// Multiplications and additions, if it is a sum of products.
    pub flops: u64,
    /// Bytes of all that it binds. A kernel may read a part more than once, and another not at all.
    pub bytes: u64,
}

/// The launches of a training step with the kernels of `tuning`, each `repeats` times.
///
/// # Errors
/// A network that does not fit the device, a kernel that it refuses, or a device that fails.
pub fn launches(
    gpu: &Arc<Gpu>,
    net: &Net,
    config: &Config,
    tuning: Tuning,
    repeats: u32,
) -> Result<Vec<LaunchTime>> {
    let batch = config.train.batch;
    check_batch(net, batch)?;
    let settings = settings(config, net.input.w, [batch; 2]);
    let plan = compile(net, &settings, tuning).plan;
    let plan = plan.only(&PHASES).share_memory();
    let machine = gpu.load(&plan)?;
    let mut rows = Vec::new();
    for phase in plan.phases() {
        let times = machine.time_dispatches(phase.name, repeats)?;
        for (dispatch, seconds) in phase.dispatches.iter().zip(times) {
            rows.push(LaunchTime {
                phase: phase.name,
                layer: dispatch.layer.clone(),
                kernel: dispatch.kernel.label(),
                seconds,
                flops: dispatch.flops,
                bytes: dispatch.tensors.iter().map(Tensor::bytes).sum(),
            });
        }
    }
    Ok(rows)
}
