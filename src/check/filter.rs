//! The check of [`Filter`].

use super::{Bench, Case, Expected, Finding, Setting, floats, integers};
use crate::error::Result;
use crate::ops::Filter;
use crate::reference::Bounded;
use crate::reference::filter as twin;

/// Ranks filters of random weights, about half of which a mask keeps, with so many keys more than there are filters; and takes
/// about half of them from a mask.
///
/// # Errors
/// The device was lost, or refused a kernel or the memory.
pub fn check(setting: &Setting, op: Filter, more: u32) -> Result<Vec<Finding>> {
    let length = (op.filters * op.inputs).next_multiple_of(32) + more.next_multiple_of(32);
    let slots = (op.filters + more).next_multiple_of(32);
    let w = floats(1, length);
    let mask = integers(2, length / 32, 0..u32::MAX);
    let [filters, inputs] = [op.filters, op.inputs].map(|extent| extent as usize);
    let none = Bounded::sum(0.0, 0.0);
    let mut norms = twin::norms(&w, filters, inputs);
    norms.resize(slots as usize, none);
    let words = slots as usize / 32;
    let stay = integers(3, slots / 32, 0..u32::MAX);

    let mut bench = Bench::new(setting);
    let gw = bench.input("w", &w);
    let gmask = bench.input("mask", &mask);
    bench.direction("rank");
    // Compared as the floats that they are the bits of, of which a sign would make negative ones.
    let keys = bench.output("keys", Expected::within(&norms));
    let kept = Expected::bits(&twin::kept(&mask, filters, words));
    let kept = bench.output("filters", kept);
    op.rank(&mut bench.plan, [&gw, &gmask], [&keys, &kept]);
    bench.direction("spread");
    let spread = Expected::bits(&twin::spread(&stay, &mask, filters));
    let stay = bench.input("stay", &stay);
    let spread = bench.state("spread", &mask, spread);
    op.spread(&mut bench.plan, &stay, &spread);
    Ok(bench.run()?.findings)
}

pub(super) fn cases() -> Vec<Case> {
    let op = Filter {
        filters: 50,
        inputs: 75,
    };
    vec![Case::new("filter", "50 of 75 weights", move |setting| {
        check(setting, op, 40)
    })]
}
