//! All sanity checks at once.

use super::Grid;
use super::grid::METHOD;
use crate::config::Control;
use crate::error::Result;
use toml::Value;

/// What a method must beat to be worth more than the densities of its layers, or than fewer channels.
const REFERENCES: [&str; 2] = ["random-erk", "small-dense"];

impl Grid {
    /// With all that [`sanity`](Self::sanity) stands for in the lists.
    pub(super) fn spelled_out(&self, own: impl FnOnce() -> Result<String>) -> Result<Self> {
        let mut grid = self.clone();
        if grid.sanity {
            grid.controls = Control::ALL.map(|control| control.to_string()).into();
            if grid.methods.is_empty() {
                grid.methods.push(own()?);
            }
            for reference in REFERENCES.map(str::to_owned) {
                if !grid.methods.contains(&reference) {
                    grid.methods.push(reference);
                }
            }
        }
        Ok(grid)
    }

    /// Whether the method that these edits choose is there for [`sanity`](Self::sanity) only.
    pub(super) fn adds(&self, edits: &[(String, Value)]) -> bool {
        let method = edits.iter().rfind(|(key, _)| key == METHOD);
        let method = method.and_then(|(_, method)| method.as_str());
        method.is_some_and(|own| !self.methods.iter().any(|given| given == own))
    }
}
