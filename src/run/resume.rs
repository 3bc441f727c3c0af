//! Going on with a run from its folder.

use super::checkpoint::{self, Layout};
use super::record::{Environment, Record, SCHEMA, State, pretty, read};
use super::{
    CHECKPOINTS, CONFIG, Disk, ENVIRONMENT, Identity, Lock, METRICS, RECORD, RESULTS, RunDir,
    WEIGHTS, rows,
};
use crate::config::Config;
use crate::data::Dataset;
use crate::error::{Error, Result, as_argument};
use crate::hash::sha256;
use crate::train::{Checkpoint, Session};
use serde_json::Value;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A run that was found in its folder, to be gone on with.
pub struct Resume {
    path: PathBuf,
    lock: Lock,
    record: Record,
    /// What the run does.
    pub config: Config,
    /// Where it was last worked on.
    pub environment: Environment,
}

impl Resume {
    /// Takes the run in this folder, which no other process can have then.
    ///
    /// # Errors
    /// There is no run, another process works on it, a file is damaged, or the configuration is not what it was.
    pub fn open(path: &Path) -> Result<Self> {
        let file = path.join(RECORD);
        let found = file.try_exists();
        if !found.map_err(|error| unreadable(&file, &error))? {
            return Err(Error::config(
                format!("there is no run in {}: it has no {RECORD}", path.display()),
                "give the folder of a run, such as one under runs/; one that was stopped before its first step left \
                 nothing to go on from",
            ));
        }
        let lock = Lock::take(path)?;
        let record: Record = read(&path.join(RECORD))?;
        if record.schema != SCHEMA {
            return Err(Error::data(
                format!(
                    "{} is a run of version {}, not {SCHEMA}",
                    path.display(),
                    record.schema
                ),
                "use the version of wgprune that began it, which its env.json names",
            ));
        }
        let file = path.join(CONFIG);
        let text = std::fs::read(&file).map_err(|error| unreadable(&file, &error))?;
        if sha256(&text) != record.identity.config_sha256 {
            return Err(Error::config(
                format!("{} is not what the run began with", file.display()),
                format!(
                    "put the old one back, or start a new run of this one: wgprune train --config {} --out DIR",
                    as_argument(&file)
                ),
            ));
        }
        Ok(Self {
            config: Config::resolve(Some(&file), &[])?,
            environment: read(&path.join(ENVIRONMENT))?,
            path: path.to_owned(),
            lock,
            record,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the final weights of a finished run lie.
    pub fn weights_path(&self) -> PathBuf {
        self.path.join(WEIGHTS)
    }

    /// What the run reached, if it is done.
    pub fn summary(&self) -> Option<&Value> {
        self.record.reached(&self.path)
    }

    /// Refuses other data than the run began with.
    ///
    /// # Errors
    /// Names the data.
    pub fn check_data(&self, dataset: &Dataset) -> Result<()> {
        if dataset.sha256() == self.record.identity.data_sha256 {
            return Ok(());
        }
        let config = self.path.join(CONFIG);
        Err(Error::data(
            format!(
                "the data in {} is not what the run began with",
                dataset.name
            ),
            format!(
                "put the old files back, or start a new run on these: wgprune train --config {} --out DIR",
                as_argument(&config)
            ),
        ))
    }

    /// The folder, opened to go on from the newest checkpoint that is whole; the log says which others were not. What
    /// was written after that checkpoint is cut off. Without a checkpoint, as the run had not come to its first step,
    /// it is to begin.
    ///
    /// # Errors
    /// There are checkpoints but none is whole, there are none but steps were done, or a file cannot be written.
    pub fn go_on(
        self,
        session: &Session,
        environment: &Environment,
        keep: Option<u32>,
    ) -> Result<(RunDir, Option<Checkpoint>)> {
        let layout = Layout::new(&self.config, session, self.record.identity.clone());
        let (found, skipped) =
            checkpoint::newest(&self.path, &self.path.join(CHECKPOINTS), &layout);
        let (checkpoint, metrics, results) = match found {
            Some(mut found) => {
                for why in skipped {
                    log::warn!("skipped a checkpoint that is not whole: {why}");
                }
                found.metrics.cut()?;
                found.results.cut()?;
                (Some(found.checkpoint), found.metrics, found.results)
            }
            None if skipped.is_empty() && self.has_no_steps() => {
                for name in [METRICS, RESULTS] {
                    let file = self.path.join(name);
                    match std::fs::remove_file(&file) {
                        Err(error) if error.kind() != ErrorKind::NotFound => {
                            return Err(Error::output(&file, &error));
                        }
                        _ => {}
                    }
                }
                let [metrics, results] = rows::begin(&self.path)?;
                (None, metrics, results)
            }
            None => return Err(self.lost(&skipped)),
        };
        let run = RunDir {
            path: self.path,
            disk: Disk::default(),
            layout,
            metrics,
            results,
            keep: keep.unwrap_or(self.record.keep),
            saved: checkpoint
                .as_ref()
                .map(|checkpoint| checkpoint.position.step),
            _lock: self.lock,
        };
        run.write(ENVIRONMENT, &pretty(environment)?)?;
        run.record(State::Running, None, None)?;
        Ok((run, checkpoint))
    }

    /// Whether the run was stopped before its first checkpoint, which comes before its first step.
    fn has_no_steps(&self) -> bool {
        let metrics = std::fs::metadata(self.path.join(METRICS));
        metrics.map_or(true, |metrics| metrics.len() == 0)
    }

    fn lost(&self, skipped: &[String]) -> Error {
        let why = if skipped.is_empty() {
            "there is none".to_owned()
        } else {
            skipped.join("; ")
        };
        Error::data(
            format!(
                "no checkpoint of {} can be used: {why}",
                self.path.display()
            ),
            format!(
                "start the run again: wgprune train --config {} --out DIR",
                as_argument(&self.path.join(CONFIG))
            ),
        )
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::data(
        format!("cannot read {}: {error}", path.display()),
        "check the permissions, or put back what is missing",
    )
}

impl Layout {
    pub(super) fn new(config: &Config, session: &Session, identity: Identity) -> Self {
        Self {
            model: config.model.clone(),
            parameters: session.parameters().cloned().collect(),
            state: session.state_names().map(str::to_owned).collect(),
            identity,
        }
    }
}
