//! Updates of the mask.

use super::{GRADIENTS, Session};
use crate::config::Scope;
use crate::error::{Error, ErrorKind, Result};
use crate::net::Structure;
use crate::ops::{Evidence, Record, StepParams};
use crate::train::watch::{Watch, Watched};
use crate::train::{Passes, Prunable, moved_at, wanted};
use std::collections::BTreeMap;

/// The phases of a mask update by how much flows through each weight.
const FLOW: [&str; 5] = [
    "flow-start",
    "flow-forward",
    "flow-backward",
    "prune",
    "flow-end",
];

/// What outputs are divided by where weights are ranked by curvature, as the authors do.
const TEMPERATURE: f32 = 200.0;

/// How far weights move there, as a share of their norm. From a third of it to three times of it, of what PyTorch keeps by
/// differentiating twice all is kept but for a third of a percent; with ten times of it, a few percent are lost.
const MOVED: f64 = 1e-4;

impl Session {
    /// How many weights each segment of `scope` keeps at this sparsity, or filters, where these are removed as wholes.
    pub fn wanted(&self, scope: Scope, sparsity: f64) -> Vec<u32> {
        let shapes = self.tensors.prunable().map(|own| &own.shape[..]);
        let shapes: Vec<&[u32]> = match self.settings.structure {
            // The first extent counts them.
            Structure::Filter => shapes.map(|shape| &shape[..1]).collect(),
            Structure::None | Structure::Pattern { .. } => shapes.collect(),
        };
        let tensors = Prunable {
            shapes: &shapes,
            powers: &self.net.powers(),
            is_chain: self.net.is_chain(),
        };
        wanted(scope, tensors, sparsity)
    }

    /// What is removed together.
    pub fn structure(&self) -> Structure {
        self.settings.structure
    }

    /// Of so many weights of each prunable tensor, the number of what is removed together: filters, or the weights themselves.
    pub fn units<'a>(&'a self, weights: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
        let prunable = self.tensors.prunable().zip(weights);
        prunable.map(|(own, weights)| weights / self.settings.structure.unit(own))
    }

    /// What checks of masks go by.
    pub(in crate::train) fn watch(&self) -> Watch<'_> {
        let structure = self.settings.structure;
        let tensors = self.tensors.prunable().map(|own| Watched {
            name: &own.name,
            weights: own.len(),
            unit: structure.unit(own),
            is_weight: own.is_weight(),
        });
        Watch {
            tensors: tensors.collect(),
            structure,
        }
    }

    /// Removed share of the prunable weights, where so many of each tensor are kept.
    pub fn sparsity(&self, kept: &[u32]) -> f64 {
        removed(kept.iter().copied(), self.prunable.iter().copied())
    }

    /// The same share of what is removed together.
    pub fn sparsity_of_units(&self, kept: &[u32]) -> f64 {
        removed(self.units(kept), self.units(&self.prunable))
    }

    /// Waits for the device and reads how many weights of each prunable tensor the mask keeps.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    pub fn kept(&self) -> Result<Vec<u32>> {
        self.machine.read(&self.tensors.kept)
    }

    /// Waits for the device and reads the same, and how many of them were not there before the last update, which is none where
    /// nothing grows.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    pub fn kept_and_new(&self) -> Result<(Vec<u32>, Vec<u32>)> {
        let mut kept: Vec<u32> = self.machine.read(&self.tensors.counts)?;
        let new = kept.split_off(self.prunable.len());
        Ok((kept, new))
    }

    /// Submits a mask before the first step that leaves so many random weights of each tensor.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    ///
    /// # Panics
    /// If the configuration of the session has no such start.
    pub fn sparsify(&mut self, keep: &[u32]) -> Result<()> {
        let params = self.batch_of(0);
        self.machine.write(&self.tensors.step, &[params]);
        let none = vec![0; keep.len()];
        self.machine
            .write(&self.tensors.layer_counts, &[keep, &none].concat());
        self.machine.replay(&["sparsify"])
    }

    /// Submits a mask update before `step` that keeps so many of each segment, as [`wanted`](Self::wanted) counts them, and
    /// says which passes it took. SNIP's gradients are those of the images that the step is about to take, or of as many of each
    /// class, without augmentation, through the network as it is used; those of a learned score are of all images of the epoch.
    ///
    /// # Errors
    /// The device was lost or reported an error, or the loss is not finite.
    ///
    /// # Panics
    /// If the metrics table is full.
    pub fn prune(&mut self, step: u32, keep: &[u32]) -> Result<Passes> {
        assert!(!self.is_full(), "the metrics table is read when it is full");
        // The step's own record comes over that of the scores.
        let params = self.batch_of(step);
        self.machine.write(&self.tensors.step, &[params]);
        self.machine.write(&self.tensors.keep, keep);
        if !self.corrupts {
            return self.prune_by_scores(step);
        }
        let labels = self.mix_labels();
        let passes = self.prune_by_scores(step);
        self.give_labels_back(labels);
        passes
    }

    fn prune_by_scores(&mut self, step: u32) -> Result<Passes> {
        let evidence = self.settings.criterion.evidence();
        let [forwards, backwards] = match evidence {
            Evidence::None => [0, 0],
            Evidence::Batch | Evidence::Flow => [1, 1],
            Evidence::Curvature => [8, 6],
            Evidence::Epoch => [self.train_images().div_ceil(self.settings.batch); 2],
        };
        match evidence {
            Evidence::None => self.machine.replay(&["prune"])?,
            Evidence::Batch => {
                let params = self.batch_of(step);
                if self.balanced {
                    let taken = self.images_from(params, self.settings.batch);
                    self.machine.write(&self.tensors.order, &taken);
                    let first = StepParams {
                        position: 0,
                        ..params
                    };
                    self.machine.write(&self.tensors.step, &[first]);
                }
                self.machine.replay(&GRADIENTS)?;
                self.check_loss(step)?;
                self.machine.replay(&["prune"])?;
                if self.balanced {
                    self.shuffle(params.epoch);
                }
            }
            Evidence::Flow => self.machine.replay(&FLOW)?,
            Evidence::Curvature => self.prune_by_curvature(step)?,
            Evidence::Epoch => {
                self.learn_scores(step)?;
                self.machine.replay(&["prune"])?;
            }
        }
        if evidence != Evidence::None {
            self.check_scores(step)?;
        }
        Ok(Passes {
            forwards,
            backwards,
        })
    }

    /// Refuses scores of a mask update that are not finite.
    fn check_scores(&self, step: u32) -> Result<()> {
        match self.machine.read::<u32>(&self.tensors.fault)?[..] {
            [0] => Ok(()),
            ref fault => Err(not_finite(
                &format!(
                    "the score of {}",
                    self.parameter_at(fault.first().map_or(0, |position| position - 1))
                ),
                step,
            )),
        }
    }

    /// So many images in the order of the epoch from those of a step on, and from its start again at its end; if that is asked
    /// for, one of each class before a second one of any.
    fn images_from(&self, params: StepParams, count: u32) -> Vec<u32> {
        let mut order = self.order(params.epoch);
        order.rotate_left(params.position as usize);
        if self.balanced {
            order = one_of_each(&order, &self.labels);
        }
        order.into_iter().cycle().take(count as usize).collect()
    }

    /// Ranks weights by how the gradient changes along itself, and prunes. The gradient is that of two batches, of the images
    /// that come next, or as many of each class: the first half of their classes, and the second.
    fn prune_by_curvature(&mut self, step: u32) -> Result<()> {
        let Some(curvature) = self.tensors.curvature.clone() else {
            unreachable!("it is there where the criterion asks for it")
        };
        let params = self.batch_of(step);
        let mut taken = self.images_from(params, 2 * self.settings.batch);
        taken.sort_by_key(|&image| self.labels[image as usize]);
        self.machine.write(&self.tensors.order, &taken);
        let halves = [0, self.settings.batch].map(|position| StepParams { position, ..params });
        for sum in curvature.sums() {
            let zeros = vec![0f32; sum.len() as usize];
            self.machine.write(sum, &zeros);
        }
        self.machine
            .write(&curvature.temperature, &[1.0 / TEMPERATURE, 1.0]);
        self.machine.replay(&["curvature-start"])?;
        for half in halves {
            self.machine.write(&self.tensors.step, &[half]);
            self.machine
                .replay(&["gather", "curvature-choose", "curvature-direction"])?;
            self.check_loss(step)?;
        }
        self.machine.replay(&["curvature-squares"])?;
        let mut norms = [0.0; 2];
        for (norm, squares) in norms.iter_mut().zip(&curvature.squares) {
            let squares: Vec<f32> = self.machine.read(squares)?;
            *norm = squares.into_iter().map(f64::from).sum::<f64>().sqrt();
        }
        let [weights, direction] = norms;
        if !direction.is_finite() {
            return Err(not_finite("the gradient", step));
        }
        if direction == 0.0 {
            return Err(Error::new(
                ErrorKind::Other,
                format!("the gradient that weights are ranked by before step {step} is 0"),
                "take other initial weights, with --seed or init, or another criterion than grasp",
            ));
        }
        #[allow(clippy::cast_possible_truncation, reason = "any number near will do")]
        let far = (MOVED * weights / direction) as f32;
        self.machine.write(&curvature.steps, &[far, -far]);
        for half in halves {
            self.machine.write(&self.tensors.step, &[half]);
            self.machine.replay(&[
                "gather",
                "curvature-choose",
                "curvature-ahead",
                "curvature-behind",
                "curvature-end",
            ])?;
        }
        self.machine.replay(&["prune"])?;
        self.shuffle(params.epoch);
        Ok(())
    }

    /// Refuses a loss that is not finite, of the record that a step would write next.
    fn check_loss(&self, step: u32) -> Result<()> {
        let records: Vec<Record> = self.machine.read(&self.tensors.records)?;
        match records[self.unread as usize].fault() {
            Some(_) => Err(not_finite("the loss", step)),
            None => Ok(()),
        }
    }

    /// Notes the weights and running statistics of this moment, for [`rewind`](Self::rewind), and as where weights are when
    /// they are ranked by how far they have moved.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    ///
    /// # Panics
    /// If by the configuration of the session nothing is rewound, nor ranked by how far it has moved.
    pub fn remember(&mut self) -> Result<()> {
        self.machine.replay(&["remember"])
    }

    /// Takes weights and running statistics back to what was noted, without what the mask removes, and puts the optimiser at
    /// rest.
    ///
    /// # Errors
    /// The device was lost or reported an error.
    ///
    /// # Panics
    /// As [`remember`](Self::remember).
    pub fn rewind(&mut self) -> Result<()> {
        self.machine.replay(&["rewind"])?;
        for moments in self.tensors.moments() {
            let zeros = vec![0f32; moments.len() as usize];
            self.machine.write(moments, &zeros);
        }
        Ok(())
    }

    /// Submits a mask update after the step before `step`, by whose gradients it may go: of the `kept` weights of each
    /// tensor this share is dropped, and as many others grow.
    ///
    /// # Errors
    /// The device was lost or reported an error, or a gradient is not finite.
    ///
    /// # Panics
    /// If by the configuration of the session nothing grows.
    pub fn regrow(&mut self, step: u32, share: f64, kept: &[u32]) -> Result<()> {
        let params = self.batch_of(step);
        self.machine.write(&self.tensors.step, &[params]);
        let moved = kept.iter().map(|&kept| moved_at(share, kept));
        let stay = kept
            .iter()
            .zip(moved.clone())
            .map(|(kept, moved)| kept - moved);
        let counts: Vec<u32> = stay.chain(moved).collect();
        self.machine.write(&self.tensors.layer_counts, &counts);
        self.machine.replay(&["regrow"])?;
        self.check_scores(step).map_err(|error| Error {
            help: "lower --lr, or start with a warm-up: --set learning_rate.warm_up=\"1ep\"".into(),
            ..error
        })
    }
}

/// The images, first one of each class, then a second one of each that has two, and so on; else in their order.
fn one_of_each(images: &[u32], labels: &[u16]) -> Vec<u32> {
    let mut seen = BTreeMap::new();
    let mut turns: Vec<(u32, u32)> = (images.iter())
        .map(|&image| {
            let turn = seen.entry(labels[image as usize]).or_insert(0);
            *turn += 1;
            (*turn, image)
        })
        .collect();
    turns.sort_by_key(|&(turn, _)| turn);
    turns.into_iter().map(|(_, image)| image).collect()
}

fn removed(kept: impl Iterator<Item = u32>, all: impl Iterator<Item = u32>) -> f64 {
    1.0 - kept.map(f64::from).sum::<f64>() / all.map(f64::from).sum::<f64>()
}

pub(super) fn not_finite(what: &str, step: u32) -> Error {
    Error::new(
        ErrorKind::Diverged,
        format!("{what} that weights are ranked by before step {step} is not finite"),
        match step {
            0 => {
                "take other initial weights, with --seed or --set init.conv and init.linear, or another criterion; or lower --lr, if \
                 rounds of training came before"
            }
            _ => "rank them earlier, with --set prune.start=0it, or lower --lr",
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_come_in_turn_of_each_class_while_there_are_some() {
        // Of classes 3, 0 and 9, the last of which has one image only.
        let labels = [3, 3, 0, 9, 0, 3];
        let taken = one_of_each(&[5, 4, 3, 2, 1, 0], &labels);
        assert_eq!(taken, [5, 4, 3, 2, 1, 0]);
        let taken = one_of_each(&[0, 1, 5, 2, 4, 3], &labels);
        assert_eq!(taken, [0, 2, 3, 1, 4, 5]);
    }
}
