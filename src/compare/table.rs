//! Runs that differ only by their seeds as a row, and beside it how far it lies behind the best.

use super::{Ending, Outcome, Reached, Spread};
use crate::train::Length;
use std::cmp::Ordering;
use std::fmt::Write;
use std::path::Path;

/// What runs have in common that are to be compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Task<'a> {
    /// Network.
    pub model: &'a str,
    /// Data set, without its folder.
    pub data: &'a str,
    /// Share that is removed; none where nothing is.
    pub sparsity: Option<f64>,
    /// The budget.
    pub length: Length,
}

/// Runs of one task by one method: what differs is the seed.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// What they do.
    pub task: Task<'a>,
    /// Pruning method.
    pub method: &'a str,
    /// Runs that reached their end.
    pub done: Vec<Reached>,
    /// And the others.
    pub rest: usize,
}

impl<'a> Task<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        let config = &outcome.config;
        let file = Path::new(&config.data.name).file_name();
        Self {
            model: &config.model,
            data: (file.and_then(|name| name.to_str())).unwrap_or(&config.data.name),
            sparsity: config.prune.prunes().then_some(config.prune.sparsity),
            length: config.train.length,
        }
    }

    /// By network and data, what is dense before what is sparse.
    fn order(&self, other: &Self) -> Ordering {
        let named = (self.model, self.data).cmp(&(other.model, other.data));
        let share = |task: &Self| task.sparsity.unwrap_or(-1.0);
        named.then(share(self).total_cmp(&share(other)))
    }
}

/// The groups by task, and within one in the order of their first runs.
pub fn groups(outcomes: &[Outcome]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for outcome in outcomes {
        let (task, method) = (Task::of(outcome), outcome.config.prune.method.as_str());
        let known = groups
            .iter()
            .position(|group| (group.task, group.method) == (task, method));
        let index = known.unwrap_or_else(|| {
            groups.push(Group {
                task,
                method,
                done: Vec::new(),
                rest: 0,
            });
            groups.len() - 1
        });
        match &outcome.ending {
            Ending::Done(reached) => groups[index].done.push(*reached),
            _ => groups[index].rest += 1,
        }
    }
    groups.sort_by(|a, b| a.task.order(&b.task));
    groups
}

impl Group<'_> {
    /// Test accuracy after the last epoch.
    pub fn accuracy(&self) -> Option<Spread> {
        self.spread(|reached| Some(reached.test_accuracy))
    }

    /// Of what every run that is done has.
    fn spread(&self, of: impl Fn(&Reached) -> Option<f64>) -> Option<Spread> {
        let values: Option<Vec<f64>> = self.done.iter().map(of).collect();
        Spread::of(&values?)
    }
}

/// The table for people. Accuracies are those after the last epoch, and where images were held out, those on the test images
/// after the epoch that did best on these.
pub fn text(groups: &[Group<'_>]) -> String {
    let mut rows = vec![
        [
            "model",
            "data",
            "removed",
            "method",
            "runs",
            "test accuracy, %",
            "at best validation, %",
            "behind the best, points",
            "compression",
            "steps",
            "seconds",
        ]
        .map(str::to_owned),
    ];
    for group in groups {
        let rivals = groups.iter().filter(|other| other.task == group.task);
        let rivals: Vec<Spread> = rivals.filter_map(Group::accuracy).collect();
        let best = rivals.iter().max_by(|a, b| a.mean.total_cmp(&b.mean));
        let best = best.filter(|_| rivals.len() > 1);
        let runs = match group.rest {
            0 => group.done.len().to_string(),
            rest => format!("{} of {}", group.done.len(), group.done.len() + rest),
        };
        let seconds = group.spread(|reached| Some(reached.wall_seconds));
        let mut steps: Vec<u32> = group.done.iter().map(|reached| reached.steps).collect();
        steps.sort_unstable();
        steps.dedup();
        let steps: Vec<String> = steps.iter().map(u32::to_string).collect();
        rows.push([
            group.task.model.to_owned(),
            group.task.data.to_owned(),
            (group.task.sparsity).map_or("nothing".into(), |s| format!("{} %", percent(s))),
            group.method.to_owned(),
            runs,
            shown(group.accuracy(), 100.0, 2),
            shown(group.spread(|reached| reached.at_best_validation), 100.0, 2),
            behind(group.accuracy(), best.copied()),
            group
                .spread(Reached::compression)
                .map_or(String::new(), |spread| format!("{:.1}", spread.mean)),
            steps.join(", "),
            seconds.map_or(String::new(), |spread| format!("{:.0}", spread.mean)),
        ]);
    }
    aligned(&rows)
}

/// A share in percent, without digits that say nothing.
fn percent(share: f64) -> f64 {
    (share * 1e6).round() / 1e4
}

fn shown(spread: Option<Spread>, unit: f64, digits: usize) -> String {
    let Some(Spread {
        mean, deviation, ..
    }) = spread
    else {
        return String::new();
    };
    let mean = mean * unit;
    match deviation {
        Some(deviation) => format!("{mean:.digits$} ± {:.digits$}", deviation * unit),
        None => format!("{mean:.digits$}"),
    }
}

fn behind(own: Option<Spread>, best: Option<Spread>) -> String {
    let (Some(own), Some(best)) = (own, best) else {
        return String::new();
    };
    let points = 100.0 * (best.mean - own.mean);
    match own.differs(&best) {
        _ if own == best => "best".into(),
        Some(true) => format!("{points:.2}"),
        Some(false) => format!("{points:.2}, within noise"),
        None => format!("{points:.2}, of too few runs to say"),
    }
}

/// Columns side by side, less those that are empty below their heads.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: Vec<usize> = (0..N)
        .map(|column| {
            let width = |row: &[String; N]| row[column].chars().count();
            match rows[1..].iter().map(width).max().unwrap_or(0) {
                0 => 0,
                filled => filled.max(width(&rows[0])),
            }
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let filled = row.iter().zip(&widths).filter(|(_, width)| **width > 0);
        let line: Vec<String> = filled
            .map(|(field, &width)| format!("{field:width$}"))
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// `summary.csv`: a row for each run.
pub fn csv(outcomes: &[Outcome]) -> String {
    let mut text = "model,data,method,sparsity,seed,state,steps,test_accuracy,test_loss,test_accuracy_at_best_validation,\
                    sparsity_reached,prunable_weights,kept_weights,compression,seconds,run,error\n"
        .to_owned();
    for outcome in outcomes {
        let Task {
            model,
            data,
            sparsity,
            ..
        } = Task::of(outcome);
        let method = &outcome.config.prune.method;
        let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let (state, reached, error) = match &outcome.ending {
            Ending::Done(reached) => ("done", Some(reached), ""),
            Ending::Failed(what) => ("failed", None, what.as_str()),
            Ending::Unfinished => ("unfinished", None, ""),
            Ending::Missing => ("missing", None, ""),
        };
        let reached = reached.map_or(",,,,,,,,".to_owned(), |reached| {
            format!(
                "{},{},{},{},{},{},{},{},{}",
                reached.steps,
                reached.test_accuracy,
                reached.test_loss,
                number(reached.at_best_validation),
                reached.sparsity,
                reached.prunable_weights,
                reached.kept_weights,
                number(reached.compression()),
                reached.wall_seconds
            )
        });
        let [model, data, run, error] =
            [model, data, &outcome.path.to_string_lossy(), error].map(quoted);
        let (sparsity, seed) = (number(sparsity), outcome.config.seed);
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{model},{data},{method},{sparsity},{seed},{state},{reached},{run},{error}"
        );
    }
    text
}

/// A field as RFC 4180 has it.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn outcome(method: &str, sparsity: f64, seed: u64, accuracy: Option<f64>) -> Outcome {
        let edits = [
            ("prune.method".to_owned(), method.into()),
            ("prune.sparsity".to_owned(), sparsity.into()),
        ];
        let mut config = Config::resolve(None, &edits).expect("a configuration");
        config.seed = seed;
        let reached = |test_accuracy| Reached {
            test_accuracy,
            test_loss: 0.5,
            sparsity,
            prunable_weights: 1000,
            kept_weights: 100,
            parameters: Some(1100),
            steps: 460,
            wall_seconds: 4.0,
            at_best_validation: None,
        };
        let ending = match accuracy {
            Some(accuracy) => Ending::Done(reached(accuracy)),
            None => Ending::Failed("the loss, at step 3, is \"inf\"".into()),
        };
        Outcome {
            path: format!("runs/{method}-{seed}").into(),
            config,
            ending,
        }
    }

    #[test]
    fn rows_are_groups_of_seeds_and_say_what_is_noise() {
        let outcomes = [
            outcome("agp", 0.9, 0, Some(0.97)),
            outcome("agp", 0.9, 1, Some(0.96)),
            outcome("snip", 0.9, 0, Some(0.95)),
            outcome("snip", 0.9, 1, Some(0.97)),
            outcome("random", 0.9, 0, Some(0.5)),
            outcome("random", 0.9, 1, Some(0.52)),
            outcome("random", 0.9, 2, None),
            outcome("agp", 0.95, 0, Some(0.9)),
            outcome("dense", 0.9, 0, Some(0.98)),
        ];
        let table = text(&groups(&outcomes));
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 6, "{table}");
        let has = |line: &str, parts: &[&str]| {
            for part in parts {
                assert!(line.contains(part), "{part:?} is not in {line:?}");
            }
        };
        assert!(!lines[0].contains("validation"), "nobody held images out");
        has(lines[1], &["nothing", "dense", "98.00"]);
        has(
            lines[2],
            &["90 %", "agp", "96.50 ± 0.71", "best", "5.5", "460"],
        );
        has(lines[3], &["snip", "96.00 ± 1.41", "0.50, within noise"]);
        has(lines[4], &["random", "2 of 3", "51.00 ± 1.41", "45.50"]);
        has(lines[5], &["95 %", "agp", "90.00"]);
        // Alone in what they do.
        assert!(
            [1, 5].iter().all(|&line| !lines[line].contains("best")),
            "{table}"
        );
        assert!(!lines[4].contains("noise"), "{table}");
    }

    #[test]
    fn every_run_is_a_row_of_the_summary_with_as_many_fields() {
        let outcomes = [
            outcome("agp", 0.9, 0, Some(0.97)),
            outcome("random", 0.9, 2, None),
        ];
        let text = csv(&outcomes);
        let lines: Vec<&str> = text.lines().collect();
        let fields = lines[0].split(',').count();
        assert_eq!(lines[1].split(',').count(), fields, "{text}");
        assert!(lines[1].starts_with(
            "lenet-5,mnist-mini,agp,0.9,0,done,460,0.97,0.5,,0.9,1000,100,5.5,4,runs/agp-0,"
        ));
        // The message has two commas and quotes.
        assert!(lines[2].ends_with("\"the loss, at step 3, is \"\"inf\"\"\""));
        assert_eq!(lines[2].split(',').count(), fields + 2, "{text}");
    }
}
