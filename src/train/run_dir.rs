//! The folder of a run: the resolved configuration, the metrics and the final weights.

use super::{EpochSummary, Observer, Schedule, Score};
use crate::config::{Config, Method};
use crate::error::{Error, ErrorKind, Result};
use crate::net::{Parameter, save};
use crate::ops::Record;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// An open run directory. Files: `config.toml`, `metrics.jsonl`, `final.safetensors`.
pub struct RunDir {
    path: PathBuf,
    metrics: BufWriter<File>,
    tensors: Vec<String>,
}

/// What a run writes; a folder with any of these holds one, finished or not.
const FILES: [&str; 3] = [CONFIG, METRICS, WEIGHTS];
const CONFIG: &str = "config.toml";
const METRICS: &str = "metrics.jsonl";
const WEIGHTS: &str = "final.safetensors";

impl RunDir {
    /// Refuses a folder that no run can be written to, before a run spends time on the device.
    ///
    /// # Errors
    /// It is a file, or holds a file of a run, which may be unfinished.
    pub fn check_free(wanted: Option<&Path>) -> Result<()> {
        let Some(path) = wanted else { return Ok(()) };
        if path.exists() && !path.is_dir() {
            return Err(Error::new(
                ErrorKind::Output,
                format!("{} is not a folder", path.display()),
                "choose another name with --out DIR",
            ));
        }
        let found = FILES.iter().find(|name| path.join(name).exists());
        found.map_or(Ok(()), |name| Err(taken(path, name)))
    }

    /// Creates the folder and writes `config.toml`. Without `wanted`, the folder is `runs/` and what the run is, with
    /// a number where that is taken. Of two runs that ask for one folder at the same time, one gets it.
    ///
    /// # Errors
    /// A folder that cannot be written, or that holds a run already.
    pub fn create(wanted: Option<&Path>, config: &Config, tensors: Vec<String>) -> Result<Self> {
        Self::check_free(wanted)?;
        let path = match wanted {
            Some(path) => fs::create_dir_all(path)
                .map(|()| path.to_owned())
                .map_err(|error| Error::output(path, &error))?,
            None => create_numbered(Path::new("runs"), &name(config))?,
        };
        let create = |name: &str| {
            let file = path.join(name);
            File::create_new(&file).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => taken(&path, name),
                _ => Error::output(&file, &error),
            })
        };
        create(CONFIG)?
            .write_all(config.to_toml().as_bytes())
            .map_err(|error| Error::output(&path.join(CONFIG), &error))?;
        let metrics = BufWriter::new(create(METRICS)?);
        Ok(Self {
            path,
            metrics,
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
        let path = self.path.join(WEIGHTS);
        let about = HashMap::from([("model".to_owned(), model.to_owned())]);
        save(&path, weights, about)?;
        Ok(path)
    }

    fn line(&mut self, line: &Value) -> Result<()> {
        writeln!(self.metrics, "{line}")
            .map_err(|error| Error::output(&self.path.join(METRICS), &error))
    }
}

/// The refusal of a folder that holds this file of a run.
fn taken(path: &Path, file: &str) -> Error {
    Error::new(
        ErrorKind::Output,
        format!("{} holds a run already: there is {file}", path.display()),
        "choose another folder with --out DIR, or remove that one; nothing was changed in it",
    )
}

/// `model-data-method-sparsity-seed`
fn name(config: &Config) -> String {
    let data = Path::new(&config.data.name)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let method = match config.prune.method {
        Method::Dense => "dense".to_owned(),
        Method::Progressive => format!("progressive-{}", config.prune.sparsity),
    };
    format!("{}-{data}-{method}-seed-{}", config.model, config.seed)
}

/// A new folder of this name in `parent`, or with the first number from 2 on that is free. Creating it is what finds
/// out, so that two processes never get the same.
fn create_numbered(parent: &Path, name: &str) -> Result<PathBuf> {
    fs::create_dir_all(parent).map_err(|error| Error::output(parent, &error))?;
    let mut path = parent.join(name);
    let mut number = 1;
    loop {
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                number += 1;
                path = parent.join(format!("{name}-{number}"));
            }
            Err(error) => return Err(Error::output(&path, &error)),
        }
    }
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
            .map_err(|error| Error::output(&self.path.join(METRICS), &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_start_together_get_folders_of_their_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let parent = folder.path().join("runs");
        let mut paths: Vec<PathBuf> = std::thread::scope(|scope| {
            let create = || create_numbered(&parent, "run").expect("a folder of its own");
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(create)).collect();
            let joined = threads.into_iter().map(|thread| thread.join());
            joined.map(|path| path.expect("no panic")).collect()
        });
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), 16);
        assert!(parent.join("run").is_dir() && parent.join("run-16").is_dir());
    }

    #[test]
    fn a_folder_with_any_file_of_a_run_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        for file in FILES {
            fs::write(path.join(file), "kept").expect("written");
            let refused = RunDir::create(Some(path), &Config::default(), Vec::new());
            let error = refused.err().expect("a refusal");
            assert!(
                error.what.contains(file) && error.help.contains("--out"),
                "{error}"
            );
            assert_eq!(fs::read(path.join(file)).expect("there"), b"kept");
            fs::remove_file(path.join(file)).expect("removed");
        }
        assert!(RunDir::create(Some(path), &Config::default(), Vec::new()).is_ok());
    }
}
