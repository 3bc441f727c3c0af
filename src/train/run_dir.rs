//! The folder of a run: the resolved configuration, the metrics and the final weights.

use super::{EpochSummary, Observer, Schedule, Score};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::net::{Parameter, save};
use crate::ops::Record;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// An open run directory. Files: `config.toml`, `metrics.jsonl`, `final.safetensors`.
pub struct RunDir {
    path: PathBuf,
    metrics: BufWriter<File>,
    tensors: Vec<String>,
}

impl RunDir {
    /// Refuses a folder that holds a run already, before a run spends time on the device.
    ///
    /// # Errors
    /// There is a `config.toml` in it.
    pub fn check_free(wanted: Option<&Path>) -> Result<()> {
        match wanted {
            Some(path) if path.join("config.toml").exists() => Err(Error::new(
                ErrorKind::Output,
                format!("{} holds a run already", path.display()),
                "choose another folder with --out DIR; nothing was changed in this one",
            )),
            _ => Ok(()),
        }
    }

    /// Creates the folder and writes `config.toml`. Without `wanted`, the folder is `runs/` and what the run is, with
    /// a number where that is taken.
    ///
    /// # Errors
    /// A folder that cannot be written, or that holds a run already.
    pub fn create(wanted: Option<&Path>, config: &Config, tensors: Vec<String>) -> Result<Self> {
        Self::check_free(wanted)?;
        let path = wanted.map_or_else(|| free_name(config), Path::to_owned);
        let metrics_path = path.join("metrics.jsonl");
        fs::create_dir_all(&path).map_err(|error| Error::output(&path, &error))?;
        let metrics =
            File::create(&metrics_path).map_err(|error| Error::output(&metrics_path, &error))?;
        let config_path = path.join("config.toml");
        fs::write(&config_path, config.to_toml())
            .map_err(|error| Error::output(&config_path, &error))?;
        Ok(Self {
            path,
            metrics: BufWriter::new(metrics),
            tensors,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `final.safetensors` and gives its path.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save_weights(
        &mut self,
        weights: &[(Parameter, Vec<f32>)],
        model: &str,
    ) -> Result<PathBuf> {
        let path = self.path.join("final.safetensors");
        let about = HashMap::from([("model".to_owned(), model.to_owned())]);
        save(&path, weights, about)?;
        Ok(path)
    }

    fn line(&mut self, line: &Value) -> Result<()> {
        writeln!(self.metrics, "{line}")
            .map_err(|error| Error::output(&self.path.join("metrics.jsonl"), &error))
    }
}

/// `runs/model-data-method-sparsity-seed`, with a number if there is such a run.
fn free_name(config: &Config) -> PathBuf {
    let data = Path::new(&config.data.name)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let method = match config.prune.method {
        crate::config::Method::Dense => "dense".to_owned(),
        crate::config::Method::Progressive => format!("progressive-{}", config.prune.sparsity),
    };
    let name = format!("runs/{}-{data}-{method}-seed-{}", config.model, config.seed);
    let numbered = (2..).map(|i| format!("{name}-{i}"));
    let mut names = std::iter::once(name.clone())
        .chain(numbered)
        .map(PathBuf::from);
    names
        .find(|path| !path.exists())
        .expect("numbers do not end")
}

/// The fields of a score under a prefix.
fn score(prefix: &str, score: &Score) -> [(String, Value); 2] {
    [
        (format!("{prefix}_loss"), score.loss().into()),
        (format!("{prefix}_accuracy"), score.accuracy().into()),
    ]
}

impl Observer for RunDir {
    fn steps(&mut self, first: u32, records: &[Record], schedule: &Schedule) -> Result<()> {
        for (step, record) in (first..).zip(records) {
            let accuracy = f64::from(record.hits) / f64::from(record.count);
            let rate = schedule.learning_rate.at(step);
            self.line(&json!({"event": "step", "step": step, "loss": record.loss, "accuracy": accuracy, "learning_rate": rate}))?;
        }
        Ok(())
    }

    fn pruned(&mut self, step: u32, sparsity: f64, kept: &[u32]) -> Result<()> {
        let kept: serde_json::Map<String, Value> = self
            .tensors
            .iter()
            .cloned()
            .zip(kept.iter().map(|&count| count.into()))
            .collect();
        self.line(&json!({"event": "prune", "step": step, "sparsity": sparsity, "kept": kept}))
    }

    fn epoch(&mut self, summary: &EpochSummary) -> Result<()> {
        let mut line = json!({"event": "epoch", "epoch": summary.epoch, "step": summary.step, "sparsity": summary.sparsity});
        let scores = [
            ("train", Some(summary.train)),
            ("validation", summary.validation),
            ("test", Some(summary.test)),
        ];
        if let Value::Object(fields) = &mut line {
            for (prefix, part) in scores {
                fields.extend(part.iter().flat_map(|part| score(prefix, part)));
            }
            fields.insert("seconds".into(), summary.seconds.into());
        }
        self.line(&line)?;
        self.metrics
            .flush()
            .map_err(|error| Error::output(&self.path.join("metrics.jsonl"), &error))
    }
}
