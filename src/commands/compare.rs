//! `wgprune compare`

use super::print;
use crate::cli::CompareArgs;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use wgprune::compare::{Group, Outcome, Spread, csv, groups, text};
use wgprune::error::{Error, Result};

/// The record that tells the folder of a run from others.
const RECORD: &str = "run.json";

pub(super) fn run(args: &CompareArgs) -> Result<()> {
    let mut outcomes = Vec::new();
    for path in &args.runs {
        for run in runs_in(path)? {
            outcomes.push(Outcome::read(&run)?);
        }
    }
    if args.csv {
        return print(csv(&outcomes).trim_end());
    }
    tell(&outcomes, args.json)
}

/// Prints the table of these runs.
pub(super) fn tell(outcomes: &[Outcome], as_json: bool) -> Result<()> {
    let groups = groups(outcomes);
    match as_json {
        true => print(Value::Array(groups.iter().map(row).collect())),
        false => print(text(&groups).trim_end()),
    }
}

fn row(group: &Group<'_>) -> Value {
    let accuracy = group.accuracy();
    json!({
        "model": group.task.model,
        "data": group.task.data,
        "method": group.method,
        "sparsity": group.task.sparsity,
        "length": group.task.length.to_string(),
        "runs": group.done.len() + group.rest,
        "done": group.done.len(),
        "test_accuracy": accuracy.map(|Spread { mean, .. }| mean),
        "test_accuracy_deviation": accuracy.and_then(|Spread { deviation, .. }| deviation),
    })
}

/// The folder itself if it holds a run; else those in it that do, or in its `runs`.
fn runs_in(path: &Path) -> Result<Vec<PathBuf>> {
    if path.join(RECORD).is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for folder in [path.to_owned(), path.join("runs")] {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let below = entries.map(|entry| entry.path());
        found.extend(below.filter(|below| below.join(RECORD).is_file()));
    }
    found.sort();
    if found.is_empty() {
        return Err(Error::config(
            format!("there is no run in {}", path.display()),
            "give folders of runs, or a folder that holds some, such as runs",
        ));
    }
    Ok(found)
}
