//! Runs that differ only by their seeds as a row, and beside it how far it lies behind the best.

use super::{Ending, Outcome, Reached, Spread};
use crate::config::Config;
use crate::train::Length;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use toml::{Table, Value};

/// What runs have in common that are to be compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Task<'a> {
    /// Network.
    pub model: &'a str,
    /// Data set, without its folder.
    pub data: &'a str,
    /// Share that is removed; none where nothing is.
    pub sparsity: Option<f64>,
    /// Layers that it is not of.
    pub excluded: &'a [String],
    /// The budget.
    pub length: Length,
}

/// Runs whose configurations differ by the seed only.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// What they do.
    pub task: Task<'a>,
    /// Pruning method, and the settings that tell it from other groups of this method.
    pub method: String,
    /// Of the first run.
    config: &'a Config,
    /// Of all runs.
    seeds: Vec<u64>,
    /// Runs that reached their end.
    pub done: Vec<Reached>,
    /// And the others.
    pub rest: usize,
}

impl<'a> Task<'a> {
    fn of(config: &'a Config) -> Self {
        let file = Path::new(&config.data.name).file_name();
        let prunes = config.prune.prunes();
        Self {
            model: &config.model,
            data: (file.and_then(|name| name.to_str())).unwrap_or(&config.data.name),
            sparsity: prunes.then_some(config.prune.sparsity),
            excluded: if prunes { &config.prune.exclude } else { &[] },
            length: config.train.length,
        }
    }

    /// By network, data and budget, what is dense before what is sparse.
    fn order(&self, other: &Self) -> Ordering {
        let named = |task: &Self| {
            (
                task.model.to_owned(),
                task.data.to_owned(),
                task.length.to_string(),
            )
        };
        let share = |task: &Self| task.sparsity.unwrap_or(-1.0);
        let named = named(self).cmp(&named(other));
        (named.then(share(self).total_cmp(&share(other)))).then(self.excluded.cmp(other.excluded))
    }
}

/// Whether two configurations mean the same run but for the seed.
fn are_alike(a: &Config, b: &Config) -> bool {
    let without = |config: &Config| {
        let mut config = config.clone();
        config.seed = 0;
        if !config.prune.prunes() {
            config.prune.sparsity = 0.0;
        }
        config
    };
    without(a) == without(b)
}

/// The groups by task, and within one in the order of their first runs. Of two runs of one seed the first counts.
pub fn groups(outcomes: &[Outcome]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for Outcome {
        path,
        config,
        ending,
    } in outcomes
    {
        let known = groups
            .iter()
            .position(|group| are_alike(group.config, config));
        let index = known.unwrap_or_else(|| {
            groups.push(Group {
                task: Task::of(config),
                method: config.prune.method.clone(),
                config,
                seeds: Vec::new(),
                done: Vec::new(),
                rest: 0,
            });
            groups.len() - 1
        });
        let group = &mut groups[index];
        if group.seeds.contains(&config.seed) {
            log::warn!("{} is left out: its seed is there already", path.display());
            continue;
        }
        group.seeds.push(config.seed);
        match ending {
            Ending::Done(reached) => group.done.push(*reached),
            _ => group.rest += 1,
        }
    }
    tell_apart(&mut groups);
    groups.sort_by(|a, b| a.task.order(&b.task));
    groups
}

/// Adds to methods of one name what else is set differently where they are used for one task.
fn tell_apart(groups: &mut [Group<'_>]) {
    let named: Vec<String> = (groups.iter())
        .map(|group| {
            let twins = groups.iter().filter(|other| {
                other.task == group.task && other.config.prune.method == group.config.prune.method
            });
            let twins: Vec<BTreeMap<String, String>> =
                twins.map(|twin| settings(twin.config)).collect();
            let differs = |(key, value): &(String, String)| {
                key != "seed" && twins.iter().any(|twin| twin.get(key) != Some(value))
            };
            let own = settings(group.config).into_iter().filter(differs);
            let own = own.map(|(key, value)| format!(" {key}={value}"));
            group.method.clone() + &own.collect::<String>()
        })
        .collect();
    for (group, name) in groups.iter_mut().zip(named) {
        group.method = name;
    }
}

/// Every key of a configuration, with its value.
fn settings(config: &Config) -> BTreeMap<String, String> {
    fn collect(prefix: &str, table: &Table, all: &mut BTreeMap<String, String>) {
        for (key, value) in table {
            let key = format!("{prefix}{key}");
            match value {
                Value::Table(inner) => collect(&format!("{key}."), inner, all),
                value => {
                    all.insert(key, value.to_string());
                }
            }
        }
    }
    let mut all = BTreeMap::new();
    let table: Option<Table> = config.to_toml().parse().ok();
    collect("", &table.unwrap_or_default(), &mut all);
    all
}

impl Group<'_> {
    /// Test accuracy after the last epoch.
    pub fn accuracy(&self) -> Option<Spread> {
        self.spread(|reached| Some(reached.test_accuracy))
    }

    /// Of what every run that is done has.
    pub fn spread(&self, of: impl Fn(&Reached) -> Option<f64>) -> Option<Spread> {
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
            "of all parameters, %",
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
            (group.task.sparsity).map_or("nothing".into(), |s| removed(s, group.task.excluded)),
            group
                .spread(Reached::sparsity_of_all)
                .map_or(String::new(), |spread| {
                    format!("{:.1}", 100.0 * spread.mean)
                }),
            group.method.clone(),
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

/// The share, and the layers that it is not of.
fn removed(share: f64, excluded: &[String]) -> String {
    let of = match excluded {
        [] => String::new(),
        excluded => format!(", not of {}", excluded.join(", ")),
    };
    format!("{} %{of}", percent(share))
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
                    sparsity_reached,prunable_weights,kept_weights,sparsity_of_all,compression,seconds,run,error\n"
        .to_owned();
    for outcome in outcomes {
        let Task {
            model,
            data,
            sparsity,
            ..
        } = Task::of(&outcome.config);
        let method = &outcome.config.prune.method;
        let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let (state, reached, error) = match &outcome.ending {
            Ending::Done(reached) => ("done", Some(reached), ""),
            Ending::Failed(what) => ("failed", None, what.as_str()),
            Ending::Unfinished => ("unfinished", None, ""),
            Ending::Missing => ("missing", None, ""),
        };
        let reached = reached.map_or(",,,,,,,,,".to_owned(), |reached| {
            format!(
                "{},{},{},{},{},{},{},{},{},{}",
                reached.steps,
                reached.test_accuracy,
                reached.test_loss,
                number(reached.at_best_validation),
                reached.sparsity,
                reached.prunable_weights,
                reached.kept_weights,
                number(reached.sparsity_of_all()),
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
    fn runs_that_differ_in_more_than_the_seed_are_rows_of_their_own_and_say_in_what() {
        let mut fast = outcome("agp", 0.9, 1, Some(0.5));
        fast.config.learning_rate.initial = 0.5;
        let mut convolutions = outcome("one-cycle", 0.9, 0, Some(0.99));
        convolutions.config.prune.exclude = vec!["linear".into()];
        let again = outcome("agp", 0.9, 0, Some(0.97));
        let outcomes = [
            outcome("agp", 0.9, 0, Some(0.97)),
            fast,
            again,
            convolutions,
        ];
        let groups = groups(&outcomes);
        let methods: Vec<&str> = groups.iter().map(|group| &group.method[..]).collect();
        let rates = [
            "agp learning_rate.initial=0.05",
            "agp learning_rate.initial=0.5",
        ];
        assert_eq!(methods, [rates[0], rates[1], "one-cycle"]);
        assert!(
            groups.iter().all(|group| group.done.len() == 1),
            "one seed counts once"
        );
        // A method that prunes other layers is no rival.
        let table = text(&groups);
        let last = table.lines().last().expect("a row");
        assert!(
            last.contains("90 %, not of linear") && !last.contains("best"),
            "{table}"
        );
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
            "lenet-5,mnist-mini,agp,0.9,0,done,460,0.97,0.5,,0.9,1000,100,0.8181818181818182,5.5,4,runs/agp-0,"
        ));
        // The message has two commas and quotes.
        assert!(lines[2].ends_with("\"the loss, at step 3, is \"\"inf\"\"\""));
        assert_eq!(lines[2].split(',').count(), fields + 2, "{text}");
    }
}
