//! The tables of groups, for people, and of runs, for programs.

use super::{Ending, Group, Outcome, Reached, Spread, Task};
use std::fmt::Write;

/// The table for people. Accuracies are those after the last epoch, and where images were held out, those on the test images
/// after the epoch that did best on these.
pub fn text(groups: &[Group<'_>]) -> String {
    let mut rows = vec![
        [
            "model",
            "data",
            "removed of prunable",
            "of all parameters, %",
            "method",
            "runs",
            "test accuracy, %",
            "at best validation, %",
            "behind the best, points",
            "compression",
            "multiply-adds x",
            "training cost",
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
            (group.task.sparsity).map_or("nothing".into(), |share| {
                removed(share, &group.task) + &reached(share, group)
            }),
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
            group
                .spread(Reached::speed_up)
                .map_or(String::new(), |spread| format!("{:.1}", spread.mean)),
            group
                .spread(|reached| reached.training_cost)
                .map_or(String::new(), |spread| format!("{:.2}", spread.mean)),
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

/// The share, what it is of if not of weights, the layers that it is not of, and those with one of their own.
pub(super) fn removed(share: f64, task: &Task<'_>) -> String {
    let what = match (task.filters, task.biases) {
        (true, _) => " of filters",
        (_, true) => " of weights and biases",
        _ => "",
    };
    let of = match task.excluded {
        [] => String::new(),
        excluded => format!(", not of {}", excluded.join(", ")),
    };
    let own = task.layers.into_iter().flatten();
    let own: String = own
        .map(|(layer, &share)| format!(", but {layer} {} %", percent(share)))
        .collect();
    format!("{} %{what}{of}{own}", percent(share))
}

/// The share of weights, where it is another one than what was asked for, and what a narrow network's is of.
fn reached(share: f64, group: &Group<'_>) -> String {
    if group.done.iter().any(|own| own.narrowed_from.is_some()) {
        return " (of all parameters)".into();
    }
    match group.spread(Reached::sparsity_of_prunable) {
        Some(spread) if (spread.mean - share).abs() > 5e-4 => {
            format!(" ({:.1} % of weights)", 100.0 * spread.mean)
        }
        _ => String::new(),
    }
}

pub(super) fn shown(spread: Option<Spread>, unit: f64, digits: usize) -> String {
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
pub(super) fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
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
    let mut text = "model,data,method,sparsity,structure,biases,seed,state,steps,test_accuracy,test_loss,\
                    test_accuracy_at_best_validation,sparsity_reached,effective_sparsity,prunable_weights,kept_weights,sparsity_of_all,compression,\
                    bytes,bytes_bitmask,bytes_csr,macs,macs_left,speed_up,\
                    training_cost,scoring_cost,scoring_passes,seconds,run,error\n"
        .to_owned();
    for outcome in outcomes {
        let Task {
            model,
            data,
            sparsity,
            biases,
            ..
        } = Task::of(&outcome.config);
        let method = outcome.config.prune.called();
        let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let (state, reached, error) = match &outcome.ending {
            Ending::Done(reached) => ("done", Some(reached), ""),
            Ending::Failed(what) => ("failed", None, what.as_str()),
            Ending::Unfinished => ("unfinished", None, ""),
            Ending::Missing => ("missing", None, ""),
        };
        let reached = reached.map_or_else(Default::default, |reached| {
            let stored = reached.stored();
            let [bytes, bitmask, csr] = stored.map_or([None; 3], |forms| forms.map(Some));
            [
                Some(reached.steps.into()),
                Some(reached.test_accuracy),
                Some(reached.test_loss),
                reached.at_best_validation,
                reached.sparsity_of_prunable(),
                reached.effective_sparsity(),
                Some(reached.prunable_weights.into()),
                Some(reached.kept_weights.into()),
                reached.sparsity_of_all(),
                reached.compression(),
                bytes,
                bitmask,
                csr,
                reached.macs(),
                reached.macs_left(),
                reached.speed_up(),
                reached.training_cost,
                reached.scoring_cost,
                reached.scoring_passes.map(f64::from),
                Some(reached.wall_seconds),
            ]
        });
        let reached = reached.map(number).join(",");
        let [model, data, run, error] =
            [model, data, &outcome.path.to_string_lossy(), error].map(quoted);
        let (sparsity, seed) = (number(sparsity), outcome.config.seed);
        let structure = outcome.config.prune.structure;
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{model},{data},{method},{sparsity},{structure},{biases},{seed},{state},{reached},{run},{error}"
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
    use super::super::groups;
    use super::*;
    use crate::config::Config;
    use crate::net::Structure;
    use crate::train::LayerCount;

    fn outcome(method: &str, sparsity: f64, seed: u64, accuracy: Option<f64>) -> Outcome {
        let edits = [
            ("prune.method".to_owned(), method.into()),
            ("prune.sparsity".to_owned(), sparsity.into()),
        ];
        let mut config = Config::resolve(None, &edits).expect("a configuration");
        config.seed = seed;
        let layer = || LayerCount {
            name: "fc.weight".into(),
            weights: 1000,
            kept: 100,
            macs: 4000,
            on_paths: None,
        };
        let reached = |test_accuracy| Reached {
            test_accuracy,
            test_loss: 0.5,
            sparsity,
            effective_sparsity: None,
            prunable_weights: 1000,
            kept_weights: 100,
            parameters: Some(1100),
            narrowed_from: None,
            layers: vec![layer()],
            training_cost: Some(0.55),
            scoring_cost: Some(0.05),
            scoring_passes: Some(2),
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
            &[
                "90 %",
                "agp",
                "96.50 ± 0.71",
                "best",
                "5.5",
                "10.0",
                "0.55",
                "460",
            ],
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
        // Nor is one whose share is another one.
        let mut filters = outcome("agp", 0.9, 0, Some(0.5));
        filters.config.prune.structure = Structure::Filter;
        if let Ending::Done(reached) = &mut filters.ending {
            reached.sparsity = 0.812;
        }
        let table = text(&super::super::groups(&[
            filters,
            outcome("agp", 0.9, 0, None),
        ]));
        let last = table.lines().last().expect("a row");
        assert!(
            last.contains("90 % of filters (81.2 % of weights)") && !last.contains("best"),
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
            "lenet-5,mnist-mini,agp,0.9,none,false,0,done,460,0.97,0.5,,0.9,,1000,100,0.8181818181818182,5.5,,,,4000,400,10,0.55,0.05,2,4,runs/agp-0,"
        ));
        // The message has two commas and quotes.
        assert!(lines[2].ends_with("\"the loss, at step 3, is \"\"inf\"\"\""));
        assert_eq!(lines[2].split(',').count(), fields + 2, "{text}");
    }
}
