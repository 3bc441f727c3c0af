//! What became of a run.

use crate::config::Config;
use crate::error::{Error, Result};
use crate::net::Whole;
use crate::run::{self, Peek};
use crate::train::LayerCount;
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A run in its folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The folder.
    pub path: PathBuf,
    /// What the run does.
    pub config: Config,
    /// What became of it.
    pub ending: Ending,
}

/// How a run ended, if it did.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// At its end.
    Done(Reached),
    /// By an error.
    Failed(String),
    /// Not yet: it goes on, or can.
    Unfinished,
    /// It did not begin.
    Missing,
}

/// What a run reached: a part of the summary in its `run.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Reached {
    /// On the test images, after the last epoch.
    pub test_accuracy: f64,
    /// On the test images, after the last epoch.
    pub test_loss: f64,
    /// Removed share of the prunable weights.
    pub sparsity: f64,
    /// The same with kept weights that lie on no path counted as removed; none in runs of earlier versions.
    pub effective_sparsity: Option<f64>,
    /// Weights that pruning may remove.
    pub prunable_weights: u32,
    /// Those that it left.
    pub kept_weights: u32,
    /// All that training changes, biases and batch norms included; none in runs of earlier versions.
    pub parameters: Option<u32>,
    /// Of what the network is a narrow form of, if it is.
    #[serde(default)]
    pub narrowed_from: Option<Whole>,
    /// Convolutions and linear layers; none in runs of earlier versions, as with what follows.
    #[serde(default)]
    pub layers: Vec<LayerCount>,
    /// Multiply-adds of training and scoring, as a multiple of those of the same training without pruning.
    pub training_cost: Option<f64>,
    /// The part of it that scoring took.
    pub scoring_cost: Option<f64>,
    /// Batches that went forwards and backwards so that weights could be ranked.
    pub scoring_passes: Option<u32>,
    /// Steps of the optimiser.
    pub steps: u32,
    /// Seconds that it took.
    pub wall_seconds: f64,
    /// Test accuracy after the epoch of the best accuracy on validation images, if there were any.
    #[serde(skip)]
    pub at_best_validation: Option<f64>,
}

impl Reached {
    /// Share of the prunable weights that was removed; none of a narrow network, which is not pruned.
    pub fn sparsity_of_prunable(&self) -> Option<f64> {
        self.narrowed_from.is_none().then_some(self.sparsity)
    }

    /// The same where weights on no path count as removed (Vysogorets and Kempe 2021, Connectivity Matters).
    pub fn effective_sparsity(&self) -> Option<f64> {
        (self.effective_sparsity).filter(|_| self.narrowed_from.is_none())
    }

    /// Share of all parameters that was removed, or that a narrow network never had.
    pub fn sparsity_of_all(&self) -> Option<f64> {
        let [all, left] = self.all_and_left()?;
        Some((all - left) / all)
    }

    /// All parameters by those that are not 0 (Blalock et al. 2020, section 6).
    pub fn compression(&self) -> Option<f64> {
        let [all, left] = self.all_and_left()?;
        Some(all / left)
    }

    /// Parameters of the network that was begun from, and those that are left.
    fn all_and_left(&self) -> Option<[f64; 2]> {
        let own = self.parameters?;
        let all = self.narrowed_from.map_or(own, |whole| whole.parameters);
        let [all, own, prunable, kept] =
            [all, own, self.prunable_weights, self.kept_weights].map(f64::from);
        Some([all, own - prunable + kept])
    }

    /// Multiply-adds of convolutions and linear layers for one image, of the network that was begun from with all weights.
    pub fn macs(&self) -> Option<f64> {
        match self.narrowed_from {
            Some(whole) => Some(whole.macs as f64),
            None => self.over_layers(|layer| layer.macs),
        }
    }

    /// The same with the weights that are left.
    pub fn macs_left(&self) -> Option<f64> {
        self.over_layers(LayerCount::left)
    }

    /// How many times fewer are left, in theory: zeros do not speed up dense kernels. None where all are gone.
    pub fn speed_up(&self) -> Option<f64> {
        let left = self.macs_left().filter(|left| *left > 0.0)?;
        Some(self.macs()? / left)
    }

    /// Bytes of all parameters in 32 bits: as they are; with a bit for each weight of a layer that lost some, and the kept ones;
    /// and with such layers in compressed rows (CSR), a row for each output and indices of 32 bits. Biases are stored whole.
    pub fn stored(&self) -> Option<[f64; 3]> {
        let all = self.parameters.filter(|_| !self.layers.is_empty());
        let mut stored = [4.0 * f64::from(all?); 3];
        for layer in self
            .layers
            .iter()
            .filter(|layer| layer.kept < layer.weights)
        {
            let [weights, kept, outputs] =
                [layer.weights, layer.kept, layer.on_paths?.outputs].map(f64::from);
            stored[1] += (weights / 8.0).ceil() + 4.0 * (kept - weights);
            stored[2] += 4.0 * (outputs + 1.0) + 8.0 * kept - 4.0 * weights;
        }
        Some(stored)
    }

    fn over_layers(&self, of: impl Fn(&LayerCount) -> u64) -> Option<f64> {
        let sum = self.layers.iter().map(|layer| of(layer) as f64).sum();
        (!self.layers.is_empty()).then_some(sum)
    }
}

impl Outcome {
    /// Reads the run of this configuration in a folder, where there may be none yet: then it failed if the last line that its
    /// process left in `output` is an error. So did one whose files cannot be read.
    pub fn of_cell(path: &Path, output: &Path, config: &Config) -> Self {
        let ending = match run::peek(path) {
            Ok(None) => told(output).map_or(Ending::Missing, Ending::Failed),
            Ok(Some(peek)) => {
                Self::ending(path, &peek).unwrap_or_else(|error| Ending::Failed(error.what))
            }
            Err(error) => Ending::Failed(error.what),
        };
        Self {
            path: path.to_owned(),
            config: config.clone(),
            ending,
        }
    }

    /// Reads the run in a folder.
    ///
    /// # Errors
    /// There is none, or a file of it is damaged.
    pub fn read(path: &Path) -> Result<Self> {
        let Some(peek) = run::peek(path)? else {
            return Err(Error::config(
                format!("there is no run in {}", path.display()),
                "give folders of runs, such as those under runs/, or the folder that holds them",
            ));
        };
        Ok(Self {
            path: path.to_owned(),
            ending: Self::ending(path, &peek)?,
            config: Config::resolve(Some(&peek.config), &[])?,
        })
    }

    fn ending(path: &Path, peek: &Peek) -> Result<Ending> {
        Ok(match (&peek.summary, &peek.error) {
            (Some(summary), _) => {
                let reached = Reached::deserialize(summary).map_err(|error| {
                    Error::data(
                        format!("the summary in {} is damaged: {error}", path.display()),
                        "start the run again from its config.toml",
                    )
                })?;
                Ending::Done(Reached {
                    at_best_validation: at_best_validation(&peek.results),
                    ..reached
                })
            }
            (None, Some(what)) => Ending::Failed(what.clone()),
            (None, None) => Ending::Unfinished,
        })
    }
}

/// The error in what a process printed, if it is one.
pub fn told(output: &Path) -> Option<String> {
    let text = std::fs::read_to_string(output).ok()?;
    let line: Value = serde_json::from_str(text.lines().last()?).ok()?;
    Some(line["error"]["what"].as_str()?.to_owned())
}

/// From the text of `results.csv`: of the epochs at whose end the network was as sparse as it is in the end, as an earlier
/// one is of another network.
fn at_best_validation(results: &str) -> Option<f64> {
    let mut lines = results.lines();
    let header: Vec<&str> = lines.next()?.split(',').collect();
    let column = |name: &str| header.iter().position(|own| *own == name);
    let [validation, test, sparsity] =
        ["validation_accuracy", "test_accuracy", "sparsity"].map(column);
    let rows = lines.filter_map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |column: Option<usize>| fields.get(column?)?.parse::<f64>().ok();
        Some([number(sparsity)?, number(validation)?, number(test)?])
    });
    let rows: Vec<[f64; 3]> = rows.collect();
    let [in_the_end, ..] = *rows.last()?;
    let as_sparse = rows
        .into_iter()
        .filter(|[sparsity, ..]| *sparsity == in_the_end);
    // The first of equal ones.
    let best = as_sparse.reduce(|best, row| if row[1] > best[1] { row } else { best });
    best.map(|[.., test]| test)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::OnPaths;

    #[test]
    fn the_epoch_is_chosen_by_validation_and_never_by_the_test_images() {
        let header = "epoch,validation_accuracy,test_accuracy,sparsity";
        // The first epoch did best of all, when nothing was removed yet.
        let text = format!("{header}\n1,0.9,0.95,0\n2,0.5,0.9,0.8\n3,0.7,0.6,0.8\n4,0.7,0.8,0.8\n");
        assert_eq!(at_best_validation(&text), Some(0.6));
        assert_eq!(at_best_validation(&format!("{header}\n1,,0.9,0\n")), None);
    }

    #[test]
    fn compression_counts_what_cannot_be_pruned_and_multiply_adds_every_pixel() {
        // Each weight of the first has a part in 24 times 24 pixels.
        let layer = |weights, kept, macs| LayerCount {
            name: "weight".into(),
            weights,
            kept,
            macs,
            on_paths: Some(OnPaths {
                effective: kept,
                effective_biases: None,
                outputs: 4,
                dead_outputs: 0,
            }),
        };
        let reached = Reached {
            test_accuracy: 0.0,
            test_loss: 0.0,
            sparsity: 0.9,
            effective_sparsity: None,
            prunable_weights: 100,
            kept_weights: 10,
            parameters: Some(120),
            narrowed_from: None,
            layers: vec![layer(20, 5, 20 * 576), layer(80, 5, 80)],
            training_cost: None,
            scoring_cost: None,
            scoring_passes: None,
            steps: 1,
            wall_seconds: 0.0,
            at_best_validation: None,
        };
        assert_eq!(reached.compression(), Some(4.0));
        let macs = [reached.macs(), reached.macs_left(), reached.speed_up()];
        assert_eq!(macs, [11_600.0, 2_885.0, 11_600.0 / 2_885.0].map(Some));
        // 120 numbers; 20 others, 3 + 10 bytes of bits and 10 weights; and 2 times 5 beginnings of rows and the indices.
        let stored = [480.0, 80.0 + 13.0 + 40.0, 80.0 + 40.0 + 80.0];
        assert_eq!(reached.stored(), Some(stored));
        // A narrow network is held against what it is a form of.
        let narrow = Reached {
            narrowed_from: Some(Whole {
                parameters: 1200,
                macs: 116_000,
            }),
            kept_weights: 100,
            ..reached
        };
        assert_eq!(narrow.compression(), Some(10.0));
        assert_eq!(narrow.sparsity_of_all(), Some(0.9));
        assert_eq!(narrow.macs(), Some(116_000.0));
    }
}
