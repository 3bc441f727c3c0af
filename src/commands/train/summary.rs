//! What a run reached, for people, for programs, and in its record.

use crate::commands::print;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wgprune::error::{Error, Result};
use wgprune::net::Whole;
use wgprune::train::LayerCount;

/// What a run reached: the line of `--json`, and the summary in `run.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Summary {
    pub(super) run_dir: String,
    pub(super) weights: String,
    pub(super) model: String,
    pub(super) data: String,
    pub(super) method: String,
    pub(super) seed: u64,
    pub(super) epochs: u32,
    pub(super) steps: u32,
    pub(super) test_accuracy: f64,
    pub(super) test_loss: f64,
    pub(super) test_images: u64,
    pub(super) sparsity: f64,
    /// Of what is removed together: the weights, or the filters.
    pub(super) sparsity_target: f64,
    /// As `prune.structure` has it.
    #[serde(default)]
    pub(super) structure: String,
    /// Filters that pruning may remove, and those that it left, where it removes them as wholes.
    #[serde(default)]
    pub(super) filters: Option<[u32; 2]>,
    /// Layers that are left dense: `sparsity` is that of the other weights.
    #[serde(default)]
    pub(super) excluded: Vec<String>,
    /// `sparsity` with all kept weights counted as removed that lie on no path from the image to the outputs.
    #[serde(default)]
    pub(super) effective_sparsity: Option<f64>,
    pub(super) prunable_weights: u32,
    pub(super) kept_weights: u32,
    /// All that training changes, biases and batch norms included.
    #[serde(default)]
    pub(super) parameters: Option<u32>,
    /// Of the network that this is a narrow form of.
    #[serde(default)]
    pub(super) narrowed_from: Option<Whole>,
    /// Convolutions and linear layers, with their multiply-adds for one image.
    #[serde(default)]
    pub(super) layers: Vec<LayerCount>,
    /// What training and scoring took, counted in multiply-adds, as a multiple of the same training without pruning.
    #[serde(default)]
    pub(super) training_cost: Option<f64>,
    /// The part of it that scoring took.
    #[serde(default)]
    pub(super) scoring_cost: Option<f64>,
    /// Batches that went forwards and backwards so that weights could be ranked.
    #[serde(default)]
    pub(super) scoring_passes: Option<u32>,
    pub(super) train_images_per_second: f64,
    /// Of the last process that worked on the run; none if it found all steps done.
    pub(super) first_step_seconds: Option<f64>,
    /// Of the last process, and what earlier ones spent from their first steps on.
    pub(super) wall_seconds: f64,
    pub(super) peak_device_bytes: u64,
    /// What weights were ranked by, if that was learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) autos_model: Option<Learned>,
    pub(super) adapter: Value,
}

/// A regressor, as `prune.autos_model` names it: without a name, it is the one that came with the program.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Learned {
    pub(super) file: String,
    pub(super) sha256: String,
}

impl Summary {
    pub(super) fn print(&self, json: bool) -> Result<()> {
        if json {
            let line = serde_json::to_string(self);
            return print(line.map_err(|error| Error::kernel("the summary", error))?);
        }
        print(format!(
            "test accuracy   {:.2} % (last epoch, {} images)",
            100.0 * self.test_accuracy,
            self.test_images
        ))?;
        print(format!("test loss       {:.4}", self.test_loss))?;
        match (self.narrowed_from, self.parameters) {
            (Some(whole), Some(own)) => print(format!(
                "channels        fewer: {own} parameters in place of {}",
                whole.parameters
            ))?,
            _ => print(format!(
                "sparsity        {:.2} % of the prunable weights ({} of {} kept)",
                100.0 * self.sparsity,
                self.kept_weights,
                self.prunable_weights
            ))?,
        }
        if let Some(effective) = self.effective_sparsity.filter(|own| *own > self.sparsity) {
            print(format!(
                "effective       {:.2} % with those that are kept, but on no path from the image to the outputs",
                100.0 * effective
            ))?;
        }
        if let Some([all, kept]) = self.filters {
            print(format!(
                "filters         {:.2} % removed ({kept} of {all} kept)",
                100.0 * (1.0 - f64::from(kept) / f64::from(all))
            ))?;
        }
        if !self.excluded.is_empty() && self.narrowed_from.is_none() {
            print(format!("never pruned    {}", self.excluded.join(", ")))?;
        }
        print(format!(
            "speed           {:.0} training images a second",
            self.train_images_per_second
        ))?;
        print(format!("time            {:.1} s", self.wall_seconds))?;
        print(format!("weights         {}", self.weights))?;
        if self.sparsity_target > 0.0 {
            print(
                "note: zeros make the file compress well; they do not make dense kernels faster",
            )?;
        }
        Ok(())
    }
}
