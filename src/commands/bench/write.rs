//! `bench kernel --write-tuning`: the fastest variant of each shape, in a file that later runs can name.

use super::choose::{candidates, choose};
use super::report::millis;
use super::variant::Variant;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use wgprune::config::{AdapterChoices, Choice, Config, ProductKind, TuningFile};
use wgprune::error::{Error, Result};
use wgprune::gpu::{AdapterFacts, Workload};

/// A tuning file that is to be written.
pub(super) struct Writer {
    path: PathBuf,
}

/// What was written.
#[derive(Debug)]
pub(super) struct Written {
    path: PathBuf,
    shapes: usize,
    /// Those that get other kernels than by default.
    others: usize,
    /// Of all launches for these shapes, with the winners and with the default.
    seconds: f64,
    default_seconds: f64,
}

impl Writer {
    /// Asked before minutes of measuring.
    ///
    /// # Errors
    /// The file cannot be written or added to, or the configuration leaves nothing to choose from.
    pub(super) fn open(path: &Path, config: &Config) -> Result<Self> {
        let tuning = &config.tuning;
        if tuning.product != ProductKind::Auto || !tuning.winograd {
            return Err(Error::config(
                "--write-tuning chooses among all variants, but tuning.product or tuning.winograd allows only some",
                "leave both as they are by default",
            ));
        }
        TuningFile::check(path)?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Adds the winners to the file.
    ///
    /// # Errors
    /// As [`TuningFile::add`] has them.
    pub(super) fn write(
        self,
        adapter: &AdapterFacts,
        default: ProductKind,
        variants: &[Variant],
    ) -> Result<Written> {
        let mut written = Written {
            path: self.path.clone(),
            shapes: 0,
            others: 0,
            seconds: 0.0,
            default_seconds: 0.0,
        };
        let mut choices = Vec::new();
        for (workload, candidates) in candidates(variants) {
            let Some(chosen) = choose(&candidates, default) else {
                continue;
            };
            written.shapes += 1;
            written.others += usize::from(chosen.is_other);
            written.seconds += chosen.seconds;
            written.default_seconds += chosen.default_seconds;
            let Workload(shape, direction) = workload;
            choices.push(Choice {
                product: chosen.candidate.product,
                winograd: chosen.candidate.winograd,
                direction,
                shape,
            });
        }
        TuningFile::add(&self.path, AdapterChoices::new(adapter, choices))?;
        Ok(written)
    }
}

impl Written {
    /// A line for people.
    pub(super) fn line(&self) -> String {
        let Self {
            path,
            shapes,
            others,
            seconds,
            default_seconds,
        } = self;
        format!(
            "{} has {shapes} shapes of this network and batch now, {others} of them with other kernels than by default; all take {} ms with these, and {} ms by default",
            path.display(),
            millis(*seconds),
            millis(*default_seconds),
        )
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "file": self.path.to_string_lossy(),
            "shapes": self.shapes,
            "others": self.others,
            "seconds": self.seconds,
            "default_seconds": self.default_seconds,
        })
    }
}
