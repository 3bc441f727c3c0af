//! `[tuning]`: which kernels a run takes.

use super::measured::{AdapterChoices, TuningFile};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Algorithms for sums of products by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProductKind {
    /// What suits the adapter.
    Auto,
    /// Register blocks; runs everywhere.
    Block,
    /// Shared tiles; runs everywhere, and is made for GPUs.
    Tiles,
    /// Subgroup lanes.
    Lanes,
}

/// `[tuning]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TuningConfig {
    /// `auto`, `block`, `tiles` or `lanes`; any but `auto` holds for all shapes, those of `file` included.
    pub product: ProductKind,
    /// Whether convolutions that can be are computed by Winograd's algorithm: faster, and rounded as the largest numbers of
    /// 6 x 6 pixels are. If not, then for no shape of `file` either.
    pub winograd: bool,
    /// A file of `wgprune bench kernel --write-tuning`, which decides for the shapes in it; empty: none. Never found by
    /// itself, as it changes the last digits of a run.
    pub file: String,
    /// What [`Config::resolve`](super::Config::resolve) read there: so a run needs that file no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<Vec<AdapterChoices>>,
}

impl Default for TuningConfig {
    fn default() -> Self {
        Self {
            product: ProductKind::Auto,
            winograd: true,
            file: String::new(),
            measured: None,
        }
    }
}

impl TuningConfig {
    /// Reads the file, if one is named and was not read before.
    pub(super) fn read(&mut self) -> Result<()> {
        match (self.file.is_empty(), &self.measured) {
            (true, Some(_)) => Err(Error::config(
                "tuning.measured is set, but not the tuning.file that it comes from",
                "set tuning.file alone; its contents are read from there",
            )),
            (false, None) => {
                self.measured = Some(TuningFile::read(Path::new(&self.file))?.adapters);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
