//! Many runs that differ in a few settings: which ones, in which folder, and which of them a process has to do.
//!
//! | File | What it holds |
//! | --- | --- |
//! | `configs/NAME.toml` | the configuration of a run |
//! | `configs/NAME.json` | what it printed last: its result, or why it did not begin |
//! | `runs/NAME/` | the run, see [`run`](crate::run) |
//! | `summary.csv` | a row for each run, done or not |
//! | `shard-I-of-N/` | the lock of a process that works on a part of the sweep |

mod folder;
mod grid;
mod shard;

pub use folder::SweepDir;
pub use grid::{Cell, Grid};
pub use shard::Shard;
