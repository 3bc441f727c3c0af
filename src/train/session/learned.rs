//! Scores that were learned: what a regressor is asked about the weights of a session.

use super::super::evaluate::batch_at;
use super::mask::not_finite;
use super::{GRADIENTS, Session};
use crate::autos::{Regressor, axis};
use crate::config::PruneConfig;
use crate::error::Result;
use crate::gpu::{Choices, Gpu, Tensor};
use crate::net::{LearnedTensors, NODES, Placed};
use std::sync::Arc;

/// What a session needs to ask a regressor.
pub(super) struct Learned {
    pub(super) gpu: Arc<Gpu>,
    pub(super) choices: Choices,
    /// Which regressor.
    pub(super) prune: PruneConfig,
}

impl Session {
    /// For each element of each prunable parameter, in file order: the sum over all batches of the epoch, its short rest
    /// included, of the gradient of the batch's mean loss, without augmentation, through the network as it is used.
    ///
    /// # Errors
    /// The device was lost or reported an error, or a sum is not finite.
    ///
    /// # Panics
    /// If the criterion of the session is not a learned one, or the metrics table is full.
    pub fn gradient_sums(&mut self) -> Result<Vec<Vec<f32>>> {
        self.sum_gradients(0)?;
        let sums = self.prunable_values(&self.learned_tensors().sums)?;
        let parameters = self.tensors.prunable();
        let pairs = parameters.zip(&sums);
        Ok(pairs
            .map(|(parameter, sums)| parameter.to_file(sums))
            .collect())
    }

    /// Has the regressor score a grid over the weights of this moment and their gradients, so that `prune` finds it.
    pub(super) fn learn_scores(&mut self, step: u32) -> Result<()> {
        self.sum_gradients(step)?;
        let values = self.prunable_values(&self.tensors.weights)?.concat();
        let sums = self.prunable_values(&self.learned_tensors().sums)?.concat();
        let points = NODES as usize;
        let axes = [values, sums].map(|all| axis(all.into_iter(), points));
        let grid: Vec<[f32; 2]> = (axes[0].iter())
            .flat_map(|&w| axes[1].iter().map(move |&g| [w, g]))
            .collect();
        let own = self.learned.as_ref().expect(LEARNED);
        let regressor = Regressor::of(&own.prune)?;
        log::info!(
            "before step {step}, weights are ranked by what {} rounds of {} on {} taught",
            regressor.about.rounds,
            regressor.about.model,
            regressor.about.data
        );
        let taught_by = regressor.about.batch;
        if taught_by != self.settings.batch {
            log::warn!(
                "the regressor learned from batches of {taught_by} images; with {}, the sums of gradients that it is asked about are of another size",
                self.settings.batch
            );
        }
        let mut table = regressor.ask(&own.gpu, own.choices.clone(), &grid)?;
        // Without a sign, the bits of scores have their order.
        let least = table.iter().copied().fold(f32::INFINITY, f32::min);
        for score in &mut table {
            *score -= least;
        }
        let tensors = self.learned_tensors();
        self.machine.write(&tensors.axes, &axes.concat());
        self.machine.write(&tensors.table, &table);
        Ok(())
    }

    fn sum_gradients(&mut self, step: u32) -> Result<()> {
        assert!(!self.is_full(), "the metrics table is read when it is full");
        let sums = &self.learned_tensors().sums;
        self.machine.write(sums, &vec![0f32; sums.len() as usize]);
        let (images, batch) = (self.train_images(), self.settings.batch);
        for position in (0..images).step_by(batch as usize) {
            let params = batch_at(position, batch, images, self.unread);
            self.machine.write(&self.tensors.step, &[params]);
            self.machine.replay(&GRADIENTS)?;
            self.machine.replay(&["sum"])?;
        }
        let finite = |all: &Vec<f32>| all.iter().all(|value| value.is_finite());
        let sums = self.prunable_values(&self.learned_tensors().sums)?;
        if sums.iter().all(finite) {
            return Ok(());
        }
        Err(not_finite("a sum of gradients", step))
    }

    /// The elements of each prunable parameter, as the device has them, in a tensor that begins as that of all weights does.
    fn prunable_values(&self, tensor: &Tensor) -> Result<Vec<Vec<f32>>> {
        let all: Vec<f32> = self.machine.read(tensor)?;
        let parameters = self.tensors.parameters.iter();
        let prunable = parameters.filter(|placed| placed.parameter.is_prunable());
        let part = |placed: &Placed| {
            let first = placed.first as usize;
            all[first..first + placed.parameter.len() as usize].to_vec()
        };
        Ok(prunable.map(part).collect())
    }

    fn learned_tensors(&self) -> &LearnedTensors {
        self.tensors.learned.as_ref().expect(LEARNED)
    }
}

const LEARNED: &str = "the criterion is a learned one";
