//! `[tuning]`: which kernels a run takes.

use super::measured::Measured;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

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
    /// What [`Config::resolve`](super::Config::resolve) read there: so a run needs that file no more, until it is to have
    /// another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
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
    /// Reads the file, if one is named and what is there was not read from it.
    pub(super) fn read(&mut self) -> Result<()> {
        let known = self.measured.as_ref().map(|known| known.file.as_str());
        match (self.file.as_str(), known) {
            ("", Some(_)) => Err(Error::config(
                "tuning.measured is set, but not the tuning.file that it comes from",
                "remove tuning.measured, or set tuning.file, which is read",
            )),
            (file, known) if !file.is_empty() && known != Some(file) => {
                self.measured = Some(Measured::read(file)?);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
