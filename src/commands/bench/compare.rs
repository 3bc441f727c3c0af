//! Times beside those of an earlier run.

use super::report::{Table, millis};
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use wgprune::error::{Error, ErrorKind, Result};

const HELP: &str =
    "--compare takes a file that the same command of `wgprune bench` wrote with --json";

/// What became of each time that both runs have.
pub(super) struct Compared {
    pub(super) ratios: Vec<Ratio>,
    /// Names that only the base has, and names that only this run has.
    only: [Vec<String>; 2],
    fail_over: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Ratio {
    name: String,
    before: f64,
    now: f64,
    /// `now / before`: above 1 is slower.
    ratio: f64,
}

/// What an earlier run wrote.
pub(super) struct Base {
    path: PathBuf,
    line: Value,
    times: HashMap<String, f64>,
}

impl Base {
    /// Reads what `--json` wrote.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::config(format!("cannot read {name}: {error}"), HELP))?;
        let refuse = |what: String| Error::config(format!("{name} {what}"), HELP);
        let line: Value = serde_json::from_str(&text)
            .map_err(|_| refuse("is not a result of `wgprune bench`".into()))?;
        let times: Vec<(String, f64)> = serde_json::from_value(line["times"].clone())
            .map_err(|_| refuse("has no list of times".into()))?;
        Ok(Self {
            path: path.to_owned(),
            line,
            times: times.into_iter().collect(),
        })
    }

    /// Puts the times of a run beside these.
    pub(super) fn compare(
        &self,
        own: &Value,
        times: &[(String, f64)],
        fail_over: Option<f64>,
    ) -> Result<Compared> {
        let Self { path, line, .. } = self;
        let name = path.display();
        let refuse = |what: String| Error::config(format!("{name} {what}"), HELP);
        for key in ["bench", "model", "batch"] {
            if line[key] != own[key] {
                let (before, now) = (&line[key], &own[key]);
                return Err(refuse(format!("has {key} {before}, and this is {now}")));
            }
        }
        let ratio = |(name, now): &(String, f64)| {
            let &before = self.times.get(name).filter(|&&before| before > 0.0)?;
            Some(Ratio {
                name: name.clone(),
                before,
                now: *now,
                ratio: now / before,
            })
        };
        let ratios: Vec<Ratio> = times.iter().filter_map(ratio).collect();
        if ratios.is_empty() {
            return Err(refuse("has none of the times that were measured".into()));
        }
        if line["adapter"] != own["adapter"] {
            let of = |key: &str| line["adapter"][key].as_str().unwrap_or("unknown");
            let [adapter, backend, driver] = ["name", "backend", "driver"].map(of);
            log::warn!(
                "{name} was measured on another adapter or driver: {adapter} ({backend}, {driver})"
            );
        }
        let mut only_before: Vec<String> = (self.times.keys())
            .filter(|name| times.iter().all(|(own, _)| own != *name))
            .cloned()
            .collect();
        only_before.sort();
        let only_now = times
            .iter()
            .filter(|(name, _)| !self.times.contains_key(name));
        let only_now = only_now.map(|(name, _)| name.clone()).collect();
        Ok(Compared {
            ratios,
            only: [only_before, only_now],
            fail_over,
        })
    }
}

impl Compared {
    pub(super) fn table(&self) -> Table {
        let mut table = Table::new(&["compared", "before, ms", "now, ms", "now/before"]);
        for Ratio {
            name,
            before,
            now,
            ratio,
        } in &self.ratios
        {
            table.push([
                name.clone(),
                millis(*before),
                millis(*now),
                format!("{ratio:.3}"),
            ]);
        }
        table
    }

    /// What could not be compared, as kernels change their names with their tiles.
    pub(super) fn unmatched(&self) -> Option<String> {
        let [before, now] = &self.only;
        let example = before.first().or(now.first())?;
        Some(format!(
            "not compared: {} times that only the file has, and {} that only this run has, such as {example}",
            before.len(),
            now.len()
        ))
    }

    /// An error if a time is longer than is allowed, or has nothing that it could be compared with.
    pub(super) fn verdict(&self) -> Result<()> {
        let Some(limit) = self.fail_over else {
            return Ok(());
        };
        let slower = self.ratios.iter().filter(|ratio| ratio.ratio > 1.0 + limit);
        let count = slower.clone().count();
        if let Some(unmatched) = self.unmatched().filter(|_| count == 0) {
            return Err(Error::new(
                ErrorKind::SelfTest,
                unmatched,
                "measure the base again with this version, or compare `bench layer`, whose names stay",
            ));
        }
        let Some(worst) = slower.max_by(|a, b| a.ratio.total_cmp(&b.ratio)) else {
            return Ok(());
        };
        Err(Error::new(
            ErrorKind::SelfTest,
            format!(
                "{count} of {} times are longer than before by more than {:.0} %, most of all {} ({:.2} times)",
                self.ratios.len(),
                100.0 * limit,
                worst.name,
                worst.ratio
            ),
            "measure again on a quiet machine, or look for what made it slower",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn compared(times: &[(&str, f64)], limit: f64) -> Result<Compared> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let base = json!({"bench": "model", "times": [["step", 2.0], ["mask update", 1.0]]});
        std::fs::write(file.path(), base.to_string()).expect("a file");
        let times: Vec<(String, f64)> = times
            .iter()
            .map(|&(name, time)| (name.to_owned(), time))
            .collect();
        let base = Base::read(file.path())?;
        base.compare(&json!({"bench": "model"}), &times, Some(limit))
    }

    #[test]
    fn a_time_that_grew_by_more_than_is_allowed_is_an_error_that_names_it() {
        let same = compared(&[("step", 2.1), ("mask update", 0.9)], 0.1).expect("a base");
        assert!(same.verdict().is_ok());
        let slower = compared(&[("step", 2.3), ("mask update", 0.9)], 0.1).expect("a base");
        let error = slower.verdict().expect_err("slower");
        assert_eq!(error.kind.exit_code(), 9);
        assert!(
            error.what.contains("1 of 2") && error.what.contains("step (1.15"),
            "{error}"
        );
    }

    #[test]
    fn a_time_without_a_partner_is_told_and_fails_a_limit() {
        let part = compared(&[("step", 2.0)], 0.1).expect("a base");
        let line = part.unmatched().expect("one is missing");
        assert!(line.contains("1 times that only the file has") && line.contains("mask update"));
        assert_eq!(part.verdict().expect_err("a limit").kind.exit_code(), 9);
    }

    #[test]
    fn a_base_without_common_times_is_refused() {
        let error = compared(&[("launch", 1.0)], 0.1)
            .map(|_| ())
            .expect_err("nothing to compare");
        assert!(error.what.contains("none of the times"), "{error}");
    }
}
