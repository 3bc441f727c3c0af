//! Going on with a run from its folder.

use super::checkpoint::{self, Layout};
use super::record::{Environment, Record, SCHEMA, State, pretty, read};
use super::{
    CHECKPOINTS, CONFIG, Disk, ENVIRONMENT, Identity, Lock, RECORD, RunDir, WEIGHTS, hash,
};
use crate::config::Config;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::train::{Checkpoint, Session};
use serde_json::Value;
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
        if !path.join(RECORD).is_file() {
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
        let text = std::fs::read(&file).unwrap_or_default();
        if hash::sha256(&text) != record.identity.config_sha256 {
            return Err(Error::config(
                format!("{} is not what the run began with", file.display()),
                format!(
                    "put the old one back, or start a new run of this one: wgprune train --config {} --out DIR",
                    file.display()
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

    /// What the run reached, if it is done.
    pub fn summary(&self) -> Option<&Value> {
        let is_done = self.record.state == State::Done && self.path.join(WEIGHTS).is_file();
        self.record.summary.as_ref().filter(|_| is_done)
    }

    /// Refuses other data than the run began with.
    ///
    /// # Errors
    /// Names the data.
    pub fn check_data(&self, dataset: &Dataset) -> Result<()> {
        if hash::sha256_of_data(dataset) == self.record.identity.data_sha256 {
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
                config.display()
            ),
        ))
    }

    /// The folder, opened to go on from the newest checkpoint that is whole; the log says which others were not. What
    /// was written after that checkpoint is cut off.
    ///
    /// # Errors
    /// No checkpoint is whole, or a file cannot be written.
    pub fn go_on(
        self,
        session: &Session,
        environment: &Environment,
        keep: u32,
    ) -> Result<(RunDir, Checkpoint)> {
        let Self {
            path,
            lock,
            record,
            config,
            ..
        } = self;
        let layout = Layout::new(&config, session, record.identity);
        let (found, skipped) = checkpoint::newest(&path, &path.join(CHECKPOINTS), &layout);
        let Some(mut found) = found else {
            let why = if skipped.is_empty() {
                "there is none".to_owned()
            } else {
                skipped.join("; ")
            };
            return Err(Error::data(
                format!("no checkpoint of {} can be used: {why}", path.display()),
                format!(
                    "start the run again: wgprune train --config {} --out DIR",
                    path.join(CONFIG).display()
                ),
            ));
        };
        for why in skipped {
            log::warn!("skipped a checkpoint that is not whole: {why}");
        }
        found.metrics.cut()?;
        found.results.cut()?;
        let run = RunDir {
            path,
            _lock: lock,
            disk: Disk::default(),
            layout,
            metrics: found.metrics,
            results: found.results,
            keep,
            saved: Some(found.checkpoint.position.step),
        };
        run.write(ENVIRONMENT, &pretty(environment)?)?;
        run.record(State::Running, None, None)?;
        Ok((run, found.checkpoint))
    }
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
