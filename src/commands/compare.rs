//! `wgprune compare`

use super::print;
use crate::cli::CompareArgs;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use wgprune::compare::{Group, LayerRow, Outcome, Reached, Spread, csv, groups, layers, text};
use wgprune::error::{Error, Result};
use wgprune::run::is_run;

pub(super) fn run(args: &CompareArgs) -> Result<()> {
    let mut runs = Vec::new();
    for path in &args.runs {
        runs.extend(runs_in(path)?);
    }
    // A folder may be named twice, or lie in one that is.
    let place = |run: &PathBuf| run.canonicalize().unwrap_or_else(|_| run.clone());
    let mut places = BTreeSet::new();
    runs.retain(|run| places.insert(place(run)));
    let mut outcomes = Vec::new();
    for run in runs {
        match Outcome::read(&run) {
            Ok(outcome) => outcomes.push(outcome),
            Err(error) => log::warn!("{} is left out: {}", run.display(), error.what),
        }
    }
    if outcomes.is_empty() {
        return Err(Error::data(
            "none of the runs can be read",
            "give folders of runs that are whole",
        ));
    }
    if args.csv {
        return print(csv(&outcomes).trim_end());
    }
    if args.layers && !args.json {
        return print(layers(&groups(&outcomes)).trim_end());
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
    let mean = |of: fn(&Reached) -> Option<f64>| group.spread(of).map(|spread| spread.mean);
    let stored = |form: usize| {
        let bytes = group.spread(|reached| Some(reached.stored()?[form]));
        bytes.map(|spread| spread.mean)
    };
    json!({
        "model": group.task.model,
        "data": group.task.data,
        "method": group.method,
        "sparsity": group.task.sparsity,
        "length": group.task.length.to_string(),
        "runs": group.done.len() + group.rest,
        "done": group.done.len(),
        "of_filters": group.task.filters,
        "of_biases": group.task.biases,
        "structure": group.structure().to_string(),
        "excluded": group.task.excluded,
        "own_sparsities": group.task.layers,
        "test_accuracy": accuracy.map(|Spread { mean, .. }| mean),
        "test_accuracy_deviation": accuracy.and_then(|Spread { deviation, .. }| deviation),
        "test_accuracy_at_best_validation": mean(|reached| reached.at_best_validation),
        "sparsity_reached": mean(Reached::sparsity_of_prunable),
        "effective_sparsity": mean(Reached::effective_sparsity),
        "sparsity_of_all": mean(Reached::sparsity_of_all),
        "compression": mean(Reached::compression),
        "bytes": stored(0),
        "bytes_bitmask": stored(1),
        "bytes_csr": stored(2),
        "macs": mean(Reached::macs),
        "macs_left": mean(Reached::macs_left),
        "speed_up": mean(Reached::speed_up),
        "training_cost": mean(|reached| reached.training_cost),
        "scoring_cost": mean(|reached| reached.scoring_cost),
        "scoring_passes": mean(|reached| reached.scoring_passes.map(f64::from)),
        "steps": mean(|reached| Some(reached.steps.into())),
        "seconds": mean(|reached| Some(reached.wall_seconds)),
        "layers": group.layers().map(|layers| layers.iter().map(layer).collect::<Vec<_>>()),
    })
}

fn layer(row: &LayerRow<'_>) -> Value {
    json!({
        "name": row.name,
        "weights": row.weights,
        "density": row.density.mean,
        "density_deviation": row.density.deviation,
        "share_of_macs": row.macs,
        "off_paths": row.off_paths,
        "dead_outputs": row.dead_outputs,
        "collapsed": row.collapsed,
    })
}

/// The folder itself if it holds a run; else those in it that do, or in its `runs`.
fn runs_in(path: &Path) -> Result<Vec<PathBuf>> {
    if is_run(path) {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for folder in [path.to_owned(), path.join("runs")] {
        if !folder.is_dir() {
            continue;
        }
        let unreadable = |error: std::io::Error| {
            Error::data(
                format!("cannot read {}: {error}", folder.display()),
                "check its permissions",
            )
        };
        let entries = std::fs::read_dir(&folder).map_err(unreadable)?;
        let below = entries.flatten().map(|entry| entry.path());
        found.extend(below.filter(|below| is_run(below)));
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
