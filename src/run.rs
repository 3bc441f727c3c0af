//! The folder of a run: its configuration, what it measured, its result, and checkpoints to go on from.
//!
//! | File | What it holds |
//! | --- | --- |
//! | `run.json` | whether the run is running, interrupted, failed (with the error) or done (with the summary) |
//! | `config.toml` | every key of the configuration |
//! | `env.json` | program, system, adapter and driver |
//! | `metrics.jsonl` | a line for each step, mask update and epoch |
//! | `results.csv` | a row for each epoch |
//! | `log.txt` | what the program said |
//! | `checkpoints/step-N/` | `model.safetensors` (weights), `state.safetensors` (masks, optimiser), `meta.json` |
//! | `checkpoints/last` | the name of the newest one |
//! | `final.safetensors` | the weights at the end |
//! | `lock` | the process that works on the run, while one does |

mod checkpoint;
mod folder;
mod lock;
mod peek;
mod record;
mod resume;
mod rows;
mod table;

pub(crate) use folder::name;
pub(crate) use lock::Lock;
pub use peek::is_run;
pub(crate) use peek::{Peek, peek};
pub use record::{Environment, State};
pub use resume::Resume;

use crate::config::Config;
use crate::disk::Disk;
use crate::error::{Error, ErrorKind, Result, as_argument};
use crate::hash::sha256;
use crate::net::{Parameter, encode_weights};
use crate::ops::Record as StepRecord;
use crate::train::{Checkpoint, EpochSummary, Observer, Schedule, Session};
use checkpoint::Layout;
use record::{Failure, Identity, Record, SCHEMA, pretty};
use serde::Serialize;
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};
use table::Table;

const RECORD: &str = "run.json";
const CONFIG: &str = "config.toml";
const ENVIRONMENT: &str = "env.json";
const METRICS: &str = "metrics.jsonl";
const RESULTS: &str = "results.csv";
const LOG: &str = "log.txt";
const CHECKPOINTS: &str = "checkpoints";
const WEIGHTS: &str = "final.safetensors";

/// What a run writes; a folder with any of these holds one, finished or not.
const FILES: [&str; 8] = [
    CONFIG,
    METRICS,
    RESULTS,
    RECORD,
    ENVIRONMENT,
    LOG,
    CHECKPOINTS,
    WEIGHTS,
];

/// The folder of a run that this process works on; no other process can meanwhile.
pub struct RunDir {
    path: PathBuf,
    disk: Disk,
    layout: Layout,
    metrics: Table,
    results: Table,
    keep: u32,
    saved: Option<u32>,
    // The last to go, after what the tables still have to write.
    _lock: Lock,
}

impl RunDir {
    /// Refuses a folder that no run can be written to, before a run spends time on the device.
    ///
    /// # Errors
    /// It is a file, or holds a file of a run, which may be unfinished.
    pub fn check_free(wanted: Option<&Path>) -> Result<()> {
        wanted.map_or(Ok(()), |path| folder::check_free(path, &FILES))
    }

    /// Creates the folder of a run that begins. Without `wanted`, the folder is `runs/` and what the run is, with a
    /// number where that is taken; `data_sha256` is that of its data. Of two runs that ask for one folder at the same time,
    /// one gets it. The newest `keep` checkpoints stay, or the newest two.
    ///
    /// # Errors
    /// A folder that cannot be written, or that holds a run already.
    pub fn create(
        wanted: Option<&Path>,
        config: &Config,
        data_sha256: String,
        session: &Session,
        environment: &Environment,
        keep: Option<u32>,
    ) -> Result<Self> {
        Self::check_free(wanted)?;
        let disk = Disk::default();
        let path = folder::make(&disk, wanted, config)?;
        let lock = Lock::take(&path)?;
        // Asked again, as another process may have had the lock before.
        folder::check_free(&path, &FILES)?;
        let config_text = config.to_toml();
        let write = |name: &str, bytes: &[u8]| {
            let file = path.join(name);
            disk.replace(&file, bytes)
                .map_err(|error| Error::output(&file, &error))
        };
        write(CONFIG, config_text.as_bytes())?;
        write(ENVIRONMENT, &pretty(environment)?)?;
        let identity = Identity {
            config_sha256: sha256(config_text.as_bytes()),
            data_sha256,
        };
        let [metrics, results] = rows::begin(&path)?;
        let run = Self {
            layout: Layout::new(config, session, identity),
            disk,
            metrics,
            results,
            keep: keep.unwrap_or_else(record::two),
            saved: None,
            path,
            _lock: lock,
        };
        run.record(State::Running, None, None)?;
        Ok(run)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where what the program says is to be written, too.
    pub fn log_path(&self) -> PathBuf {
        self.path.join(LOG)
    }

    /// The command that goes on with this run, as a shell takes it.
    pub fn resume_command(&self) -> String {
        format!("wgprune train --resume {}", as_argument(&self.path))
    }

    /// Where the final weights lie once the run is done.
    pub fn weights_path(&self) -> PathBuf {
        self.path.join(WEIGHTS)
    }

    /// Writes `final.safetensors`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save_weights(&self, weights: &[(Parameter, Vec<f32>)]) -> Result<()> {
        let weights = weights
            .iter()
            .map(|(parameter, values)| (parameter, &values[..]));
        self.write(WEIGHTS, &encode_weights(weights, &self.layout.model)?)
    }

    /// Notes that the run is done, and what it reached.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn done(&mut self, summary: &impl Serialize) -> Result<()> {
        self.metrics.sync()?;
        self.results.sync()?;
        let summary =
            serde_json::to_value(summary).map_err(|error| Error::kernel("the summary", error))?;
        self.record(State::Done, None, Some(summary))
    }

    /// Notes that a signal stopped the run after its last checkpoint.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn interrupted(&self) -> Result<()> {
        self.record(State::Interrupted, None, None)
    }

    /// Notes that an error stopped the run, and gives it back with how to go on, where that makes sense.
    pub fn failed(&self, mut error: Error) -> Error {
        // A run that diverged would do so again.
        if let (Some(step), true) = (self.saved, error.kind != ErrorKind::Diverged) {
            let resume = format!(
                "step {step} is saved; then go on with: {}",
                self.resume_command()
            );
            error.help = match error.help.as_str() {
                "" => resume,
                help => format!("{help}\n  {resume}"),
            };
        }
        let failure = Failure {
            code: error.kind.exit_code(),
            what: error.what.clone(),
            help: error.help.clone(),
        };
        if let Err(second) = self.record(State::Failed, Some(failure), None) {
            log::warn!("the failure was not noted: {}", second.what);
        }
        error
    }

    fn record(&self, state: State, error: Option<Failure>, summary: Option<Value>) -> Result<()> {
        let record = Record {
            schema: SCHEMA,
            state,
            identity: self.layout.identity.clone(),
            keep: self.keep,
            error,
            summary,
        };
        self.write(RECORD, &pretty(&record)?)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        self.disk
            .replace(&path, bytes)
            .map_err(|error| Error::output(&path, &error))
    }

    fn output(&self, name: &str) -> impl Fn(io::Error) -> Error {
        let path = self.path.join(name);
        move |error| Error::output(&path, &error)
    }
}

impl Observer for RunDir {
    fn steps(&mut self, first: u32, records: &[StepRecord], schedule: &Schedule) -> Result<()> {
        for (step, record) in (first..).zip(records) {
            self.metrics.line(rows::step(step, record, schedule))?;
        }
        Ok(())
    }

    fn pruned(&mut self, step: u32, sparsity: f64, kept: &[u32]) -> Result<()> {
        let prunable = self
            .layout
            .parameters
            .iter()
            .filter(|parameter| parameter.is_prunable());
        let names = prunable.map(|parameter| parameter.name.as_str());
        self.metrics
            .line(rows::pruned(step, sparsity, names.zip(kept)))
    }

    fn epoch(&mut self, summary: &EpochSummary) -> Result<()> {
        self.metrics.line(rows::epoch(summary))?;
        self.results.line(rows::result(summary))?;
        self.metrics.flush()?;
        self.results.flush()
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let marks = [self.metrics.sync()?, self.results.sync()?];
        let folder = self.path.join(CHECKPOINTS);
        checkpoint::save(&self.disk, &folder, &self.layout, checkpoint, marks)?
            .map_err(self.output(CHECKPOINTS))?;
        let step = checkpoint.position.step;
        self.saved = Some(step);
        // What cannot be removed takes room, and is no reason to end a run.
        if let Err(why) = checkpoint::tidy(&self.disk, &folder, step, self.keep) {
            log::warn!("older checkpoints in {} stay: {why}", folder.display());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_any_file_of_a_run_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        assert!(RunDir::check_free(Some(path)).is_ok());
        for file in FILES {
            std::fs::write(path.join(file), "kept").expect("written");
            let error = RunDir::check_free(Some(path)).expect_err("a refusal");
            assert!(
                error.what.contains(file) && error.help.contains("--out"),
                "{error}"
            );
            std::fs::remove_file(path.join(file)).expect("removed");
        }
    }
}
