//! Probes of what WGSL leaves open: which loops end early, what shuffles do, and arithmetic.

use super::arithmetic;
use crate::error::Result;
use crate::gpu::{Gpu, Grid, Kernel, Machine, Plan, Tensor, Tuning, kernel};
use crate::ops::LONGEST_SUM;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

const LOOPS: Kernel = kernel!("probe/loops");
const SUBGROUPS: Kernel = kernel!("probe/subgroups");

/// Turns of the loops that are tried. The first is the longest of any kernel here.
const TURNS: [u32; 5] = [LONGEST_SUM, 65_535, 70_000, 200_000, 1_000_000];

#[allow(clippy::cast_possible_truncation, reason = "a handful")]
const TRIED: u32 = TURNS.len() as u32;

/// Of the workgroup that shuffles: whole subgroups, whatever their size.
const INVOCATIONS: u32 = 128;

/// The one phase of the probes' plan.
const PHASE: &str = "probe";

/// How the adapter behaves in one respect.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// What was asked.
    pub name: &'static str,
    /// What was found.
    pub value: Value,
    /// What is wrong, if training relies on it being otherwise.
    pub fault: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Is(bool),
    /// A count.
    Count(u32),
    /// An error in units of the last place of the right result, rounded to two digits.
    Ulp(f64),
    /// One of a few answers.
    Word(&'static str),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(is) => f.pad(if *is { "yes" } else { "no" }),
            Self::Count(count) => count.fmt(f),
            Self::Ulp(ulp) => f.pad(&format!("{ulp:.2} ulp")),
            Self::Word(word) => f.pad(word),
        }
    }
}

impl Fact {
    /// Recorded only.
    pub(super) fn new(name: &'static str, value: Value) -> Self {
        Self {
            name,
            value,
            fault: None,
        }
    }

    /// Something that training relies on, and why it would fail.
    pub(super) fn needed(name: &'static str, value: Value, holds: bool, why: &str) -> Self {
        Self {
            name,
            value,
            fault: (!holds).then(|| format!("{name} is {value}, but {why}")),
        }
    }
}

/// The tensors of the probes.
struct Tensors {
    arithmetic: arithmetic::Tensors,
    turns: Tensor,
    addends: Tensor,
    sums: Tensor,
    lanes: Option<Tensor>,
}

fn record(plan: &mut Plan, has_subgroups: bool) -> Tensors {
    plan.phase(PHASE);
    plan.layer("arithmetic");
    let arithmetic = arithmetic::record(plan);
    plan.layer("loops");
    let turns = plan.tensor("turns", &[TRIED]);
    let addends = plan.tensor("addends", &[256]);
    let sums = plan.tensor("sums", &turns.shape);
    plan.dispatch(
        &LOOPS,
        &[],
        &[&turns, &addends, &sums],
        Grid([turns.len(), 1, 1]),
    );
    plan.layer("subgroups");
    let lanes = has_subgroups.then(|| {
        let lanes = plan.tensor("lanes", &[INVOCATIONS, 4]);
        let width = [("WORKGROUP_SIZE", INVOCATIONS.into())];
        plan.dispatch(&SUBGROUPS, &width, &[&lanes], Grid([1, 1, 1]));
        lanes
    });
    Tensors {
        arithmetic,
        turns,
        addends,
        sums,
        lanes,
    }
}

/// The plan of all probes, so that their kernels can be looked at without a device.
pub fn probes(tuning: Tuning, has_subgroups: bool) -> Plan {
    let mut plan = Plan::new(tuning);
    record(&mut plan, has_subgroups);
    plan
}

/// Probes the adapter.
pub(super) fn facts(gpu: &Arc<Gpu>) -> Result<Vec<Fact>> {
    let mut plan = Plan::new(gpu.tuning);
    let tensors = record(&mut plan, gpu.has_subgroups());
    let machine = gpu.load(&plan)?;
    let addends: Vec<u32> = (1..=256).collect();
    machine.write(&tensors.turns, &TURNS);
    machine.write(&tensors.addends, &addends);
    tensors.arithmetic.write(&machine);
    machine.replay(&[PHASE])?;

    let mut facts = tensors.arithmetic.facts(&machine)?;
    facts.push(longest_loop(&machine.read(&tensors.sums)?, &addends));
    facts.extend(subgroups(&machine, tensors.lanes.as_ref())?);
    Ok(facts)
}

/// The most turns of a loop that gives the right sum, as do all shorter ones that were tried.
fn longest_loop(sums: &[u32], addends: &[u32]) -> Fact {
    let right = TURNS.iter().zip(sums).take_while(|&(&turns, &sum)| {
        let terms = (0..turns as usize).map(|turn| addends[turn % addends.len()]);
        terms.fold(0, u32::wrapping_add) == sum
    });
    let most = right.map(|(&turns, _)| turns).last().unwrap_or(0);
    let why = format!("kernels have loops of up to {LONGEST_SUM}, which end early here");
    Fact::needed(
        "longest_loop",
        Value::Count(most),
        most >= LONGEST_SUM,
        &why,
    )
}

fn subgroups(machine: &Machine, lanes: Option<&Tensor>) -> Result<[Fact; 2]> {
    let lanes: Vec<[u32; 4]> = match lanes {
        Some(lanes) => machine.read(lanes)?,
        None => Vec::new(),
    };
    let size = lanes.first().map_or(0, |lane| lane[0]);
    let works = lanes.iter().all(|&[own_size, lane, next, _]| {
        let next = lanes.get(next as usize);
        let follows = |next: &[u32; 4]| next[1] == (lane + 1) % own_size.max(1);
        own_size == size && next.is_some_and(follows)
    });
    Ok([
        Fact::new("subgroup_size", Value::Count(size)),
        Fact::new("shuffle_works", Value::Is(size > 0 && works)),
    ])
}
