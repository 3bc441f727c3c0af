//! The self-test of an adapter: every op forward and backward against its twin, and the facts that decide which kernels
//! are safe there. What `wgprune selftest` runs.
//!
//! It asks what a capability list cannot tell: do real kernels, translated by naga and compiled by this driver, give the
//! right numbers? Five lines check the adapter of a build machine, for any project that uses wgpu:
//!
//! ```yaml
//! - name: check the graphics adapter
//!   run: |
//!     cargo install --locked --git URL # of wgprune's repository
//!     wgprune selftest --json > selftest.json
//! # the exit code is 9 where a kernel gives wrong numbers, and 3 where there is no adapter
//! ```
//!
//! | fact | what it says |
//! | --- | --- |
//! | `nan_differs_from_itself` | `x != x` for a NaN from memory; where not, that test finds no NaN |
//! | `bits_tell_what_is_finite` | an integer test on the bits of floats does; training relies on it |
//! | `max_of_nan_and_zero`, `nan_times_zero`, `infinity_times_zero` | `nan`, or `zero` where a ReLU or a mask hides a run that diverged |
//! | `sums_keep_subnormals`, `products_keep_subnormals` | or flush them to zero |
//! | `fma_is_fused`, `multiply_and_add_is_fused` | `fma(a, b, c)` and `a * b + c` round once |
//! | `two_sum_survives` | the rounding error of a sum can be computed; where not, compensated sums gain nothing |
//! | `division_error`, `sqrt_error`, `exp_error`, `log_error` | worst of some thousand numbers in units of the last place; 0.5 is the best there is |
//! | `longest_loop` | most turns of those tried (60,000 to a million) after which a loop gave the right sum; training relies on 60,000 |
//! | `subgroup_size`, `shuffle_works` | 0 and no without subgroups |

mod arithmetic;
mod facts;

pub use facts::{Fact, Value, probes};

use crate::check::{Finding, Setting, cases};
use crate::error::{Error, ErrorKind, Result};
use crate::gpu::{AdapterFacts, Gpu, Tuning};
use std::sync::Arc;

/// What the self-test found.
#[derive(Debug, Clone)]
pub struct Report {
    /// Of the adapter that was tested.
    pub adapter: AdapterFacts,
    /// Every op in every direction at every shape, for each set of kernels that the adapter supports.
    pub rows: Vec<Row>,
    /// How the adapter behaves where WGSL leaves it free.
    pub facts: Vec<Fact>,
}

/// One direction of an op at one shape.
#[derive(Debug, Clone)]
pub struct Row {
    /// Name of the op.
    pub op: &'static str,
    /// The shape, for people to read.
    pub shape: String,
    /// What was found.
    pub finding: Finding,
}

/// Checks all ops and probes all facts. The device is best opened with canaries, so that a kernel which writes past its
/// tensors is found, and without bounds checks, as training runs.
///
/// # Errors
/// The device was lost or has not the memory. A kernel that it refuses is no error, but a row that failed.
pub fn selftest(gpu: &Arc<Gpu>) -> Result<Report> {
    let mut rows: Vec<Row> = Vec::new();
    for case in cases() {
        for tuning in Tuning::supported(&gpu.adapter) {
            let setting = Setting {
                gpu: Arc::clone(gpu),
                tuning,
            };
            let findings = case
                .run(&setting)
                .or_else(|error| Ok(vec![refused(error)?]))?;
            let own = findings.into_iter().map(|finding| Row {
                op: case.op,
                shape: case.shape.clone(),
                finding,
            });
            for row in own {
                // What a tuning does not change need not be told twice.
                if !rows.iter().any(|known| known.is_like(&row)) {
                    rows.push(row);
                }
            }
        }
    }
    let facts = facts::facts(gpu).or_else(|error| {
        let fault = refused(error)?.fault;
        let value = Value::Word("refused");
        Ok(vec![Fact {
            name: "probes",
            value,
            fault,
        }])
    })?;
    Ok(Report {
        adapter: gpu.adapter.clone(),
        rows,
        facts,
    })
}

/// What the device does not take is a fault of the kernel; that it is lost or full is none.
fn refused(error: Error) -> Result<Finding> {
    if error.kind != ErrorKind::Other {
        return Err(error);
    }
    Ok(Finding {
        direction: "none",
        kernels: Vec::new(),
        worst: f64::INFINITY,
        repeats: false,
        fault: Some(error.what),
    })
}

impl Row {
    fn is_like(&self, other: &Self) -> bool {
        let key = |row: &Self| (row.op, row.shape.clone(), row.finding.clone());
        key(self) == key(other)
    }

    /// Whether nothing is wrong.
    pub fn passed(&self) -> bool {
        self.finding.fault.is_none()
    }

    /// What tells the kernels from others of the same names; "" where there is one variant only.
    pub fn variant(&self) -> String {
        let mut variants: Vec<&str> = Vec::new();
        for label in &self.finding.kernels {
            if let Some((_, variant)) = label.split_once('/')
                && !variants.contains(&variant)
            {
                variants.push(variant);
            }
        }
        variants.join(" ")
    }
}

impl Report {
    /// Whether every row and every fact that training relies on is as it should be.
    pub fn passed(&self) -> bool {
        self.faults().next().is_none()
    }

    /// What is wrong, each with the kernels that it is wrong in.
    pub fn faults(&self) -> impl Iterator<Item = String> {
        let rows = self.rows.iter().filter_map(|Row { op, shape, finding }| {
            let Finding {
                direction, kernels, ..
            } = finding;
            let fault = finding.fault.as_ref()?;
            let kernels = kernels.join(", ");
            Some(format!(
                "{op} {direction} ({shape}) with {kernels}: {fault}"
            ))
        });
        rows.chain(self.facts.iter().filter_map(|fact| fact.fault.clone()))
    }

    /// Nothing if all is well.
    ///
    /// # Errors
    /// The first fault, of kind [`ErrorKind::SelfTest`].
    pub fn verdict(&self) -> Result<()> {
        let mut faults = self.faults();
        let Some(first) = faults.next() else {
            return Ok(());
        };
        let others = match faults.count() {
            0 => String::new(),
            others => format!(", and {others} more"),
        };
        let AdapterFacts { name, driver, .. } = &self.adapter;
        Err(Error::new(
            ErrorKind::SelfTest,
            format!("{first}{others}"),
            format!(
                "{name} with {driver} gives wrong numbers here: update its driver or choose another --device; \
                 if neither helps, please report it with the output of `wgprune selftest --json`"
            ),
        ))
    }
}
