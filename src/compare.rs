//! What finished runs reached, side by side.

mod outcome;
mod statistics;
mod table;

pub use outcome::{Ending, Outcome, Reached, told};
pub use statistics::Spread;
pub use table::{Group, Task, csv, groups, text};
