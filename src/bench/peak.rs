//! What an adapter can do at best: multiply-adds in registers, copies of memory, and launches that do nothing.

use crate::error::Result;
use crate::gpu::{Constant, Gpu, Kernel, Plan, Tuning, kernel};
use std::sync::Arc;
use std::time::Instant;

const FMA: Kernel = kernel!("probe/peak_fma", "grid");
const COPY: Kernel = kernel!("probe/peak_copy", "grid");

/// Vectors in registers that are tried: too few wait for each other, too many do not fit.
const SUMS: [u32; 4] = [2, 4, 8, 16];

/// Turns of the loop, each with so many steps for each vector, as some drivers pay for each turn of a loop anew.
const TURNS: u32 = 125;
const STEPS: u32 = 4;

/// Invocations that multiply: a few groups for each of the thousands of lanes that a large GPU has.
const INVOCATIONS: u32 = 1 << 17;

/// Vectors that are copied: larger than the caches of most adapters.
const VECTORS: u32 = 1 << 22;

/// A measurement shorter than this many seconds is repeated with more launches.
const LONG_ENOUGH: f64 = 0.02;

/// Launches in one submission at most.
const MOST_LAUNCHES: u32 = 1 << 12;

/// Measurements of which the best counts.
const REPEATS: usize = 3;

/// The ceilings of an adapter.
#[derive(Debug, Clone)]
pub struct Peak {
    /// With so many vectors in registers, so many operations a second, counting a multiply-add as two.
    pub flops: Vec<(u32, f64)>,
    /// Bytes a second, reading and writing alike.
    pub bytes: f64,
    /// Seconds from one launch to the next.
    pub launch: f64,
}

impl Peak {
    /// The best of the loops.
    pub fn best_flops(&self) -> f64 {
        self.flops
            .iter()
            .map(|(_, flops)| *flops)
            .fold(0.0, f64::max)
    }
}

/// Measures the ceilings.
///
/// # Errors
/// A device that fails, or refuses a kernel or the memory.
pub fn peak(gpu: &Arc<Gpu>) -> Result<Peak> {
    let each = |sums: u32| {
        let operations = 2.0 * 4.0 * f64::from(sums * TURNS * STEPS) * f64::from(INVOCATIONS);
        Ok((sums, operations / seconds(gpu, |plan| fma(plan, sums))?))
    };
    let flops = SUMS.into_iter().map(each).collect::<Result<_>>()?;
    let moved = 2.0 * 16.0 * f64::from(VECTORS);
    Ok(Peak {
        flops,
        bytes: moved / seconds(gpu, |plan| copy(plan, VECTORS))?,
        launch: seconds(gpu, |plan| copy(plan, 1))?,
    })
}

/// Each kernel once, for the tests that look at all kernels.
pub fn peak_probes(tuning: Tuning) -> Plan {
    let mut plan = Plan::new(tuning);
    plan.phase("peak");
    for sums in SUMS {
        let record = fma(&mut plan, sums);
        record(&mut plan);
    }
    let record = copy(&mut plan, 1);
    record(&mut plan);
    plan
}

/// Declares the tensors, and gives what appends a launch.
fn fma(plan: &mut Plan, sums: u32) -> impl Fn(&mut Plan) + use<> {
    let kernel = FMA.with(format!("x{sums}"), &format!("const SUMS = {sums}u;\n"));
    let y = plan.tensor("y", &[INVOCATIONS, 4]);
    move |plan| {
        let constants: [Constant; 2] = [("TURNS", TURNS.into()), ("LENGTH", INVOCATIONS.into())];
        plan.elementwise(&kernel, &constants, &[&y], INVOCATIONS);
    }
}

/// As [`fma`], copying so many vectors.
fn copy(plan: &mut Plan, vectors: u32) -> impl Fn(&mut Plan) + use<> {
    let [x, y] = ["x", "y"].map(|name| plan.tensor(name, &[vectors, 4]));
    move |plan| plan.elementwise(&COPY, &[("LENGTH", vectors.into())], &[&x, &y], vectors)
}

/// Seconds of a launch, of so many in one submission that it is long enough to measure.
fn seconds<F: Fn(&mut Plan)>(gpu: &Arc<Gpu>, declare: impl Fn(&mut Plan) -> F) -> Result<f64> {
    let mut launches = 1;
    loop {
        let mut plan = Plan::new(gpu.tuning);
        plan.phase("peak");
        let record = declare(&mut plan);
        (0..launches).for_each(|_| record(&mut plan));
        let machine = gpu.load(&plan)?;
        let run = || {
            let start = Instant::now();
            machine.replay(&["peak"])?;
            machine.finish()?;
            Ok(start.elapsed().as_secs_f64())
        };
        run()?;
        let times = (0..REPEATS).map(|_| run()).collect::<Result<Vec<f64>>>()?;
        let best = times.into_iter().fold(f64::INFINITY, f64::min);
        if best >= LONG_ENOUGH || launches >= MOST_LAUNCHES {
            return Ok(best / f64::from(launches));
        }
        launches *= 8;
    }
}
