//! Which scratch tensors of a plan share a buffer.

use super::Plan;
use std::ops::RangeInclusive;

/// A buffer that scratch tensors share, and the dispatches during which one of them holds it.
struct Shared {
    buffer: usize,
    held: Vec<RangeInclusive<usize>>,
}

impl Plan {
    /// Lets scratch tensors share buffers wherever no dispatch needs both. A tensor is needed from the first dispatch
    /// that binds it to the last one, in the order in which phases were begun; so a replay must take phases in that
    /// order, and may leave some out.
    ///
    /// The largest tensor chooses first, and takes the smallest buffer that is free for as long as it needs it, by
    /// "greedy by size for shared objects" (Pisarchyk and Lee 2020, section 4.3).
    #[must_use]
    pub fn share_memory(mut self) -> Self {
        let needed = self.needed();
        let mut order: Vec<usize> = (0..self.buffers.len())
            .filter(|&buffer| self.buffers[buffer].is_scratch)
            .collect();
        order.sort_by_key(|&buffer| std::cmp::Reverse(self.buffers[buffer].elements));
        let mut shared: Vec<Shared> = Vec::new();
        let mut place: Vec<usize> = (0..self.buffers.len()).collect();
        for buffer in order {
            let Some(needed) = &needed[buffer] else {
                self.buffers[buffer].elements = 0;
                continue;
            };
            // The latest is the smallest.
            let free = shared.iter_mut().rev().find(|shared| {
                let meets = |held: &RangeInclusive<usize>| {
                    held.start() <= needed.end() && needed.start() <= held.end()
                };
                !shared.held.iter().any(meets)
            });
            match free {
                Some(shared) => {
                    place[buffer] = shared.buffer;
                    self.buffers[buffer].elements = 0;
                    shared.held.push(needed.clone());
                }
                None => shared.push(Shared {
                    buffer,
                    held: vec![needed.clone()],
                }),
            }
        }
        for tensor in self.tensors_mut() {
            tensor.buffer = place[tensor.buffer];
        }
        self
    }

    /// The first and the last dispatch that binds each buffer, counted through all phases.
    fn needed(&self) -> Vec<Option<RangeInclusive<usize>>> {
        let mut needed: Vec<Option<RangeInclusive<usize>>> = vec![None; self.buffers.len()];
        let dispatches = self.phases.iter().flat_map(|phase| &phase.dispatches);
        for (now, dispatch) in dispatches.enumerate() {
            for tensor in &dispatch.tensors {
                let range = &mut needed[tensor.buffer];
                let first = range.as_ref().map_or(now, |range| *range.start());
                *range = Some(first..=now);
            }
        }
        needed
    }
}

#[cfg(test)]
mod tests {
    use crate::gpu::{Grid, Kernel, Plan, Tensor, Tuning, kernel};

    const NONE: Kernel = kernel!("none" => "");

    fn dispatch(plan: &mut Plan, tensors: &[&Tensor]) {
        plan.dispatch(&NONE, &[], tensors, Grid([1; 3]));
    }

    /// The buffers that the dispatches bind, in order.
    fn bound(plan: &Plan) -> Vec<Vec<usize>> {
        let dispatches = plan.phases().iter().flat_map(|phase| &phase.dispatches);
        dispatches
            .map(|dispatch| dispatch.tensors.iter().map(|t| t.buffer).collect())
            .collect()
    }

    #[test]
    fn a_chain_needs_two_buffers_and_what_lasts_keeps_its_own() {
        let mut plan = Plan::new(Tuning::PORTABLE);
        plan.phase("forward");
        let kept = plan.tensor("kept", &[7]);
        let chain: Vec<Tensor> = [50, 40, 30, 20, 10]
            .iter()
            .map(|&length| plan.scratch(length.to_string(), &[length]))
            .collect();
        for pair in chain.windows(2) {
            dispatch(&mut plan, &[&pair[0], &pair[1], &kept]);
        }
        let before = plan.bytes();
        let plan = plan.share_memory();
        let buffers = bound(&plan);
        assert_eq!(before, 4 * (7 + 150));
        assert_eq!(plan.bytes(), 4 * (7 + 50 + 40));
        assert!(buffers.iter().all(|own| own[0] != own[1] && own[2] == 0));
        assert_eq!(buffers[0][0], buffers[1][1], "50 is free again for 30");
    }

    #[test]
    fn what_a_later_phase_reads_is_not_given_away_before() {
        let mut plan = Plan::new(Tuning::PORTABLE);
        let [saved, other, last] = [9, 8, 7].map(|n| plan.scratch(n.to_string(), &[n]));
        plan.phase("forward");
        dispatch(&mut plan, &[&saved]);
        plan.phase("infer");
        dispatch(&mut plan, &[&other]);
        plan.phase("backward");
        dispatch(&mut plan, &[&saved, &last]);
        let buffers = bound(&plan.clone().share_memory());
        assert!(buffers[0][0] != buffers[1][0], "{buffers:?}");
        assert_eq!(buffers[1][0], buffers[2][1]);
        // Without the reader it is.
        let buffers = bound(&plan.only(&["forward", "infer"]).share_memory());
        assert_eq!(buffers[0], buffers[1]);
    }

    #[test]
    fn tensors_that_are_needed_together_never_share() {
        // A counted random plan: which two tensors a dispatch binds, and how long they are.
        let draws = crate::check::integers(5, 600, 0..40);
        let mut plan = Plan::new(Tuning::PORTABLE);
        plan.phase("all");
        let tensors: Vec<Tensor> = (0..40)
            .map(|i| plan.scratch(i.to_string(), &[1 + draws[i] % 7]))
            .collect();
        for pair in draws[40..].as_chunks::<2>().0.iter().take(60) {
            let [a, b] = pair.map(|i| &tensors[i as usize]);
            if a != b {
                dispatch(&mut plan, &[a, b]);
            }
        }
        let (before, after) = (bound(&plan), bound(&plan.clone().share_memory()));
        let (needed, places) = (plan.needed(), plan.share_memory());
        assert!(places.buffers.iter().any(|b| b.elements == 0), "none share");
        let place = |buffer: usize| {
            let mut all = before.iter().zip(&after).flat_map(|(b, a)| b.iter().zip(a));
            all.find(|(was, _)| **was == buffer).map(|(_, is)| *is)
        };
        for (a, range_a) in needed.iter().enumerate() {
            for (b, range_b) in needed.iter().enumerate().skip(a + 1) {
                let (Some(x), Some(y)) = (range_a, range_b) else {
                    continue;
                };
                if x.start() <= y.end() && y.start() <= x.end() {
                    assert!(place(a) != place(b), "{a} and {b}");
                }
            }
        }
    }
}
