//! What a number of a configuration may be.

use crate::error::{Error, Result};

/// Refuses a value below `low`, above `high`, or at it where the range is open there; a NaN is in none.
pub(super) fn range(key: &str, value: f64, low: f64, high: f64, open: bool) -> Result<()> {
    let inside = value >= low && (value < high || (!open && value <= high));
    if inside {
        return Ok(());
    }
    // A decimal of thirty zeros says less than a power of ten.
    let plain = |number: f64| match number.abs() {
        1e-300..1e-3 => format!("{number:e}"),
        _ => number.to_string(),
    };
    let end = if open { "below" } else { "at most" };
    Err(Error::config(
        format!("{key} is {}", plain(value)),
        format!("it must be at least {} and {end} {high}", plain(low)),
    ))
}
