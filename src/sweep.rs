//! Many runs that differ in a few settings: which ones, in which folder, and which of them a process has to do.
//!
//! | File | What it holds |
//! | --- | --- |
//! | `configs/NAME.toml` | the configuration of a run |
//! | `configs/NAME.json`, `.log` | what its process printed last: its result or its error, and what else it said |
//! | `runs/NAME/` | the run, see [`run`](crate::run) |
//! | `summary.csv` | a row for each run, done or not |
//! | `lock` | held while that is written |
//! | `shard-I-of-N/` | the lock of a process that works on a part of the sweep |

mod folder;
mod grid;
mod grid_file;
mod sanity;
mod shard;

pub use folder::SweepDir;
pub use grid::{Cell, Grid};
pub use shard::Shard;
