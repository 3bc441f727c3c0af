//! What finished runs reached, side by side.

mod group;
mod layers;
mod outcome;
mod statistics;
mod table;

pub use group::{Group, Task, groups};
pub use layers::{LayerRow, layers};
pub use outcome::{Ending, Outcome, Reached, told};
pub use statistics::Spread;
pub use table::{csv, text};
