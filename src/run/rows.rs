//! What stands in a line of `metrics.jsonl` and of `results.csv`.

use super::table::Table;
use super::{METRICS, RESULTS};
use crate::error::{Error, Result};
use crate::ops::Record;
use crate::train::{EpochSummary, Schedule, Score};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The first line of `results.csv`. Without validation images, their two fields are empty.
const HEADER: &str = "epoch,step,train_loss,train_accuracy,validation_loss,validation_accuracy,test_loss,\
                                 test_accuracy,sparsity,seconds";

/// `metrics.jsonl` and `results.csv` of a run that begins.
///
/// # Errors
/// A file cannot be written, or is there already.
pub(super) fn begin(run: &Path) -> Result<[Table; 2]> {
    let table = |name: &str| {
        let path = run.join(name);
        Table::create(path.clone()).map_err(|error| Error::output(&path, &error))
    };
    let (metrics, mut results) = (table(METRICS)?, table(RESULTS)?);
    results.line(HEADER)?;
    Ok([metrics, results])
}

/// A step, counted from 0.
pub(super) fn step(step: u32, record: &Record, schedule: &Schedule) -> Value {
    let accuracy = f64::from(record.hits) / f64::from(record.count);
    let rate = schedule.rate(step);
    json!({"event": "step", "step": step, "loss": record.loss, "accuracy": accuracy, "learning_rate": rate})
}

/// A mask update before `step`.
pub(super) fn pruned<'a>(
    step: u32,
    sparsity: f64,
    kept: impl Iterator<Item = (&'a str, &'a u32)>,
) -> Value {
    let kept: Map<String, Value> = kept
        .map(|(name, &count)| (name.to_owned(), count.into()))
        .collect();
    json!({"event": "prune", "step": step, "sparsity": sparsity, "kept": kept})
}

/// The end of an epoch.
pub(super) fn epoch(summary: &EpochSummary) -> Value {
    let mut line = json!({"event": "epoch", "epoch": summary.epoch, "step": summary.step, "sparsity": summary.sparsity});
    let scores = [
        ("train", Some(summary.train)),
        ("validation", summary.validation),
        ("test", Some(summary.test)),
    ];
    for (prefix, score) in scores {
        if let Some(score) = score {
            line[format!("{prefix}_loss")] = score.loss().into();
            line[format!("{prefix}_accuracy")] = score.accuracy().into();
        }
    }
    line["seconds"] = summary.seconds.into();
    line
}

/// The end of an epoch as a row under [`HEADER`].
pub(super) fn result(summary: &EpochSummary) -> String {
    let fields = |score: &Score| format!("{},{}", score.loss(), score.accuracy());
    let EpochSummary {
        epoch,
        step,
        train,
        validation,
        test,
        sparsity,
        seconds,
    } = summary;
    let validation = validation.as_ref().map_or(",".to_owned(), fields);
    let (train, test) = (fields(train), fields(test));
    format!("{epoch},{step},{train},{validation},{test},{sparsity},{seconds}")
}
