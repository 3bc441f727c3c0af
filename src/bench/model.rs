//! Whole training steps.

use super::open;
use crate::config::Config;
use crate::error::Result;
use crate::gpu::{Gpu, Kept};
use crate::net::Net;
use crate::ops::Growth;
use crate::train::{Curve, Session};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Steps that are not counted: a driver compiles at the first one, and caches fill.
const WARM_UP: u32 = 3;

/// Steps that are counted at least.
const FEWEST: usize = 5;

/// Mask updates that are counted.
const UPDATES: usize = 5;

/// How long training steps took, each waited for and its loss read.
#[derive(Debug, Clone)]
pub struct ModelTimes {
    /// When the first step was done, with the compilation of its kernels.
    pub first: Instant,
    /// Seconds of each step.
    pub steps: Vec<f64>,
    /// Seconds of each update of the mask: what is removed, and what grows, as the method has it.
    pub updates: Vec<f64>,
    /// Bytes of all buffers on the device.
    pub device_bytes: u64,
}

/// Trains on made-up images for `length`, and at least five steps behind those that warm up.
///
/// # Errors
/// A network that does not fit the device, a kernel that it refuses, or a device that fails.
pub fn model(gpu: &Arc<Gpu>, net: &Net, config: &Config, length: Duration) -> Result<ModelTimes> {
    let (mut session, config) = open(gpu, net, config, Kept::All)?;
    let mut number = 0;
    let mut step = |session: &mut Session| {
        let start = Instant::now();
        // A rate of 0 keeps weights where they are, so that random labels cannot make them infinite.
        session.step(number, 0.0, &config.optimiser)?;
        session.read()?;
        number += 1;
        Ok(start.elapsed().as_secs_f64())
    };
    step(&mut session)?;
    let first = Instant::now();
    for _ in 1..WARM_UP {
        step(&mut session)?;
    }
    let mut steps = Vec::new();
    let start = Instant::now();
    while steps.len() < FEWEST || start.elapsed() < length {
        steps.push(step(&mut session)?);
    }
    // Half of what is ranked together. What is there to remove changes nothing in what an update costs.
    let keep = session.wanted(config.prune.scope, 0.5);
    let prunes = config.prune.schedule != Curve::Constant || config.prune.rewinds()?.is_some();
    let mut update = || {
        let start = Instant::now();
        if prunes {
            session.prune(0, &keep)?;
        }
        let kept = session.read()?.kept;
        if config.prune.regrow != Growth::None {
            session.regrow(1, config.prune.regrow_share, &kept)?;
            session.read()?;
        }
        Ok(start.elapsed().as_secs_f64())
    };
    update()?;
    let updates = (0..UPDATES).map(|_| update()).collect::<Result<_>>()?;
    Ok(ModelTimes {
        first,
        steps,
        updates,
        device_bytes: session.device_bytes(),
    })
}
