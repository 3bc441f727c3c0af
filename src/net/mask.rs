//! What changes the mask of a run: the phases `sparsify`, `prune` and `regrow`; and what takes weights back to what they
//! were: `remember` and `rewind`.

use super::arena::{Arena, PRUNABLE_ALIGNMENT};
use super::{Parameter, RunTensors, Settings, Structure};
use crate::gpu::{Plan, Tensor};
use crate::ops::{Criterion, Evidence, Growth, Prune, Regrow, Score};
use crate::random::Stream;

/// Where the mask of a run is being recorded.
pub(super) struct Masks<'a> {
    settings: &'a Settings,
    tensors: &'a RunTensors,
    arena: &'a Arena,
    /// What a selection works with.
    found: [Tensor; 2],
}

impl<'a> Masks<'a> {
    pub(super) fn new(
        settings: &'a Settings,
        tensors: &'a RunTensors,
        arena: &'a Arena,
        plan: &mut Plan,
    ) -> Self {
        let selection = plan.tensor("selection", &[2]);
        Self {
            settings,
            tensors,
            arena,
            found: [selection, tensors.histogram.clone()],
        }
    }

    /// All that the settings ask for.
    pub(super) fn record(&self, plan: &mut Plan) {
        if self.settings.sparse_start {
            self.sparsify(plan);
        }
        self.prune(plan);
        if self.settings.growth != Growth::None {
            self.regrow(plan);
        }
        if let Some(remembered) = self.tensors.remembered() {
            let RunTensors { mask, weights, .. } = self.tensors;
            for (phase, from, to) in [
                ("remember", weights, remembered),
                ("rewind", remembered, weights),
            ] {
                plan.phase(phase);
                plan.layer("copy");
                Prune::copy(plan, mask, from, to);
            }
        }
    }

    /// Leaves random weights of each tensor.
    fn sparsify(&self, plan: &mut Plan) {
        plan.phase("sparsify");
        let keys = self.keys(plan, "keys", Criterion::Random, Stream::Score);
        for (segment, range) in (0..).zip(self.arena.prunable_ranges()) {
            plan.layer(format!("segment {segment}"));
            let own = [&part(&keys, range), &self.mask(range)];
            Prune { segment }.record(plan, &self.tensors.layer_counts, own, self.found.each_ref());
        }
        self.clear(plan, &self.tensors.weights);
        self.count(plan);
    }

    /// Removes what the criterion ranks lowest.
    fn prune(&self, plan: &mut Plan) {
        plan.phase("prune");
        match self.settings.structure {
            Structure::Filter => self.prune_filters(plan),
            structure => {
                let keys = self.keys(plan, "keys", self.settings.criterion, Stream::Score);
                if self.settings.criterion.evidence() != Evidence::None {
                    let score = self.score(self.settings.criterion, Stream::Score);
                    score.fault(plan, &keys, &self.tensors.fault);
                }
                if self.settings.inverts {
                    let score = self.score(self.settings.criterion, Stream::Score);
                    score.invert(plan, &keys);
                }
                let ranges = self.arena.prunable_ranges();
                if let Structure::Pattern { kept, size } = structure {
                    plan.layer("pattern");
                    for (&range, parameter) in ranges.iter().zip(self.tensors.prunable()) {
                        let pattern = parameter.pattern(kept, size);
                        pattern.record(plan, &self.mask(range), &part(&keys, range));
                    }
                }
                self.select(plan, &keys, &self.tensors.mask, &ranges);
            }
        }
        self.clear(plan, &self.tensors.weights);
        self.count(plan);
    }

    /// Leaves those of the largest keys, of all `ranges` together or of each by itself.
    fn select(&self, plan: &mut Plan, keys: &Tensor, mask: &Tensor, ranges: &[(u32, u32)]) {
        let &Settings {
            per_layer, protect, ..
        } = self.settings;
        if protect && !per_layer {
            plan.layer("protect");
            let own = ranges.iter().zip(self.tensors.prunable());
            for (&range, _) in own.filter(|(_, own)| own.is_weight()) {
                Prune::protect(plan, &bits(mask, range), &part(keys, range));
            }
        }
        let all = [(0, keys.len())];
        let segments = if per_layer { ranges } else { &all };
        for (segment, &range) in (0..).zip(segments) {
            plan.layer(format!("segment {segment}"));
            let own = [&part(keys, range), &bits(mask, range)];
            Prune { segment }.record(plan, &self.tensors.keep, own, self.found.each_ref());
        }
    }

    /// Removes filters with all of their weights.
    fn prune_filters(&self, plan: &mut Plan) {
        let mut end = 0;
        let all: Vec<_> = (self.arena.prunable_ranges().into_iter())
            .zip(self.tensors.prunable().map(Parameter::filter))
            .map(|(weights, op)| {
                let own = (end, op.filters.next_multiple_of(PRUNABLE_ALIGNMENT));
                end += own.1;
                (weights, own, op)
            })
            .collect();
        plan.layer("score");
        let keys = plan.scratch("filter.keys", &[end]);
        let filters = plan.scratch("filter.mask", &[end / 32]);
        for &(weights, own, op) in &all {
            let from = [&part(&self.tensors.weights, weights), &self.mask(weights)];
            op.rank(plan, from, [&part(&keys, own), &bits(&filters, own)]);
        }
        let ranges: Vec<_> = all.iter().map(|&(_, own, _)| own).collect();
        self.select(plan, &keys, &filters, &ranges);
        plan.layer("spread");
        for &(weights, own, op) in &all {
            op.spread(plan, &bits(&filters, own), &self.mask(weights));
        }
    }

    /// Drops the smallest weights of each tensor, and lets as many others grow. What grows begins at 0 and at rest; what is
    /// dropped and grows at once stays as it was.
    fn regrow(&self, plan: &mut Plan) {
        plan.phase("regrow");
        // Since the last step, weights may have been removed whose momentum must not come back with them.
        self.clear_state(plan);
        let kept = self.keys(plan, "keys", Criterion::Magnitude, Stream::Score);
        let grown = match self.settings.growth {
            Growth::Random => self.keys(plan, "growth.keys", Criterion::Random, Stream::Regrow),
            Growth::Gradient | Growth::None => {
                let keys = plan.scratch("growth.keys", &[self.arena.prunable]);
                let gradients = self.prunable(&self.arena.gradients);
                let score = self.score(Criterion::Magnitude, Stream::Regrow);
                let inputs = [&gradients, &gradients, &gradients, &self.tensors.step];
                score.record(plan, inputs, &keys);
                // Where the mask is 0, the step does not look at gradients.
                score.fault(plan, &keys, &self.tensors.fault);
                keys
            }
        };
        let ranges = self.arena.prunable_ranges();
        let others = u32::try_from(ranges.len()).expect("fewer tensors than weights");
        for ((slot, range), parameter) in (0..).zip(ranges).zip(self.tensors.prunable()) {
            plan.layer(format!("segment {slot}"));
            let op = Regrow {
                length: parameter.len(),
                kept: Prune { segment: slot },
                grown: Prune {
                    segment: others + slot,
                },
            };
            let own = [&part(&kept, range), &part(&grown, range), &self.mask(range)];
            op.record(plan, &self.tensors.layer_counts, own, self.found.each_ref());
        }
        self.clear(plan, &self.tensors.weights);
        self.clear_state(plan);
        self.count(plan);
    }

    fn score(&self, criterion: Criterion, stream: Stream) -> Score {
        Score {
            length: self.arena.prunable,
            criterion,
            stream,
        }
    }

    /// Keys of all prunable weights.
    fn keys(&self, plan: &mut Plan, name: &str, criterion: Criterion, stream: Stream) -> Tensor {
        plan.layer("score");
        let keys = plan.scratch(name, &[self.arena.prunable]);
        let [w, dw] = [&self.tensors.weights, &self.arena.gradients].map(|all| self.prunable(all));
        match &self.tensors.learned {
            Some(learned) if criterion.evidence() == Evidence::Epoch => {
                learned.record_keys(plan, &w, &keys);
            }
            _ => {
                let start = self.tensors.remembered().map(|all| self.prunable(all));
                let (dw, behind) = match (&self.tensors.curvature, &start) {
                    (Some(curvature), _) => (&curvature.ahead, &curvature.behind),
                    (None, Some(start)) => (&dw, start),
                    (None, None) => (&dw, &dw),
                };
                let score = self.score(criterion, stream);
                score.record(plan, [&w, dw, behind, &self.tensors.step], &keys);
            }
        }
        keys
    }

    /// The part of a tensor of all parameters that pruning changes.
    fn prunable(&self, tensor: &Tensor) -> Tensor {
        part(tensor, (0, self.arena.prunable))
    }

    fn mask(&self, range: (u32, u32)) -> Tensor {
        bits(&self.tensors.mask, range)
    }

    fn clear(&self, plan: &mut Plan, tensor: &Tensor) {
        plan.layer("clear");
        let mask = self.mask((0, self.arena.prunable));
        Prune::clear(plan, &mask, &self.prunable(tensor));
    }

    fn clear_state(&self, plan: &mut Plan) {
        for state in self.tensors.moments() {
            self.clear(plan, state);
        }
    }

    fn count(&self, plan: &mut Plan) {
        plan.layer("count");
        let RunTensors {
            mask_before,
            kept,
            counts,
            ..
        } = self.tensors;
        for (slot, range) in (0..).zip(self.arena.prunable_ranges()) {
            let masks = [&self.mask(range), &bits(mask_before, range)];
            Prune::count(plan, masks, counts, [slot, kept.len() + slot]);
        }
    }
}

/// The part of a mask for these elements.
fn bits(mask: &Tensor, (first, len): (u32, u32)) -> Tensor {
    part(mask, (first / 32, len / 32))
}

fn part(tensor: &Tensor, (first, len): (u32, u32)) -> Tensor {
    tensor.view(&tensor.name, first, &[len])
}
