//! Which runs a sweep has.

use crate::config::{Config, Control};
use crate::error::{Error, Result};
use crate::net::{self, Structure};
use crate::run;
use serde::Deserialize;
use std::fmt::Display;
use std::path::Path;
use toml::Value;

/// What varies: every combination is a run. An empty list leaves what the configuration says.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grid {
    /// Networks.
    pub models: Vec<String>,
    /// Pruning methods. Those that prune nothing run once for all sparsities.
    pub methods: Vec<String>,
    /// Shares of the prunable weights that are removed at the end.
    pub sparsities: Vec<f64>,
    /// Sanity checks. Methods that one says nothing of are left out of it.
    pub controls: Vec<String>,
    /// Whether there are all sanity checks, and `random-erk` and `small-dense` beside the methods.
    pub sanity: bool,
    /// Seeds.
    pub seeds: Vec<u32>,
}

/// Keys that vary.
pub(super) const METHOD: &str = "prune.method";
const CONTROL: &str = "prune.control";

/// One run of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Of its folder.
    pub name: String,
    /// What it does.
    pub config: Config,
}

impl Grid {
    /// The runs, by network, sparsity, method, control and seed, from the configuration that `file` and `edits` give.
    ///
    /// # Errors
    /// A setting of one of them that no run can have, or two of them with one name.
    pub fn cells(&self, file: Option<&Path>, edits: &[(String, Value)]) -> Result<Vec<Cell>> {
        let text = |value: &String| value.as_str().into();
        let grid = self.spelled_out(|| Ok(Config::resolve(file, edits)?.prune.method))?;
        let models = values("model", &grid.models, text);
        let sparsities = values("prune.sparsity", &grid.sparsities, |&s| s.into());
        let methods = values(METHOD, &grid.methods, text);
        let controls = values(CONTROL, &grid.controls, text);
        let seeds = values("seed", &grid.seeds, |&seed| i64::from(seed).into());
        once("models", &grid.models)?;
        let named = grid.models.iter().filter(|name| !net::is_file(name));
        named
            .map(|name| net::model(name))
            .collect::<Result<Vec<_>>>()?;
        once("methods", &grid.methods)?;
        once("sparsities", &grid.sparsities)?;
        once("controls", &grid.controls)?;
        once("seeds", &grid.seeds)?;
        let mut cells: Vec<Cell> = Vec::new();
        let all = models.iter().flat_map(|model| {
            let rest = sparsities
                .iter()
                .flat_map(|s| methods.iter().map(move |m| [s, m]));
            rest.map(move |[sparsity, method]| [model, sparsity, method])
        });
        for own in all {
            let own = own.into_iter().flatten().cloned();
            let mut edits: Vec<_> = edits.iter().cloned().chain(own).collect();
            if !grid.controls.is_empty() {
                edits.push((CONTROL.to_owned(), Control::None.to_string().into()));
            }
            if grid.sanity
                && let Err(Error { what, .. }) = Config::resolve(file, &edits)
                && self.adds(&edits)
            {
                log::info!("a rival is left out: {what}");
                continue;
            }
            for control in &controls {
                let mut edits = edits.clone();
                if let Some((key, value)) = control {
                    let mut prune = Config::resolve(file, &edits)?.prune;
                    prune.control = value.clone().try_into().map_err(|_| no_control(value))?;
                    if let Err(error) = prune.check_control() {
                        log::info!(
                            "{} goes without {}: {}",
                            prune.method,
                            prune.control,
                            error.what
                        );
                        continue;
                    }
                    edits.push((key.clone(), value.clone()));
                }
                for seed in &seeds {
                    let edits: Vec<_> = edits.iter().chain(seed).cloned().collect();
                    push(&mut cells, Config::resolve(file, &edits)?)?;
                }
            }
        }
        if cells.is_empty() {
            return Err(Error::config(
                format!(
                    "no method of the sweep can have {}",
                    grid.controls.join(" or ")
                ),
                "add none to --controls, or choose other methods",
            ));
        }
        Ok(cells)
    }
}

/// Adds a run, if it is not there.
fn push(cells: &mut Vec<Cell>, mut config: Config) -> Result<()> {
    if config.prune.share().is_none() {
        // One run for all sparsities, those of a later command too.
        config.prune.sparsity = Config::default().prune.sparsity;
        config.prune.structure = Structure::None;
        config.prune.layers.clear();
    }
    let name = file_name(&run::name(&config));
    match cells.iter().find(|cell| cell.name == name) {
        Some(cell) if cell.config == config => {}
        Some(_) => {
            return Err(Error::config(
                format!("two runs of the sweep are called {name}"),
                "rename one of the files",
            ));
        }
        None => cells.push(Cell { name, config }),
    }
    Ok(())
}

fn no_control(value: &Value) -> Error {
    Error::config(
        format!("there is no control {value}"),
        format!(
            "they are {}",
            Control::ALL.map(|control| control.to_string()).join(", ")
        ),
    )
}

/// Refuses a list that has a value twice.
fn once<T: PartialEq + Display>(name: &str, list: &[T]) -> Result<()> {
    let is_again = |(i, value): &(usize, &T)| list[..*i].contains(value);
    match list.iter().enumerate().find(is_again) {
        None => Ok(()),
        Some((_, value)) => Err(Error::config(
            format!("the {name} of the sweep have {value} twice"),
            "give each once",
        )),
    }
}

/// An edit for each value, or one that changes nothing.
fn values<T>(key: &str, list: &[T], value: impl Fn(&T) -> Value) -> Vec<Option<(String, Value)>> {
    match list {
        [] => vec![None],
        list => (list.iter())
            .map(|item| Some((key.to_owned(), value(item))))
            .collect(),
    }
}

/// A network may be a path, and data too.
fn file_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '-'
        }
    };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Evidence;
    use std::collections::BTreeSet;

    fn grid() -> Grid {
        Grid {
            models: vec!["lenet-5".into(), "lenet-300-100".into()],
            methods: vec!["dense".into(), "agp".into(), "snip".into()],
            sparsities: vec![0.9, 0.95],
            seeds: vec![0, 7],
            ..Grid::default()
        }
    }

    #[test]
    fn every_combination_is_a_run_and_dense_ones_have_no_sparsity() {
        let cells = grid()
            .cells(None, &[("train.batch".into(), 32.into())])
            .expect("runs");
        assert_eq!(cells.len(), 2 * 2 * (1 + 2 * 2));
        let names: BTreeSet<&str> = cells.iter().map(|cell| cell.name.as_str()).collect();
        assert_eq!(names.len(), cells.len());
        assert!(names.contains("lenet-5-mnist-mini-snip-0.95-seed-7"));
        assert!(names.contains("lenet-300-100-mnist-mini-dense-seed-0"));
        assert!(cells.iter().all(|cell| cell.config.train.batch == 32));
        // Every one has the criterion of its own method.
        let snip = cells
            .iter()
            .filter(|cell| cell.config.prune.method == "snip");
        assert!(
            snip.clone().count() == 8
                && snip
                    .into_iter()
                    .all(|cell| cell.config.prune.criterion.evidence() == Evidence::Batch)
        );
    }

    #[test]
    fn methods_are_left_out_of_checks_that_say_nothing_of_them() {
        let list = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let checked = |controls: &[&str]| Grid {
            methods: list(&["dense", "progressive", "snip", "synflow"]),
            controls: list(controls),
            ..Grid::default()
        };
        let cells = checked(&["none", "shuffle", "corrupt"]).cells(None, &[]);
        let names: Vec<String> = cells
            .expect("runs")
            .into_iter()
            .map(|cell| cell.name)
            .collect();
        let wanted = [
            "dense",
            "progressive-0.9",
            "snip-0.9",
            "snip-shuffle-0.9",
            "snip-corrupt-0.9",
        ]
        .into_iter()
        .chain(["synflow-0.9", "synflow-shuffle-0.9"]);
        let wanted = wanted.map(|name| format!("lenet-5-mnist-mini-{name}-seed-0"));
        assert_eq!(names, wanted.collect::<Vec<_>>());
        let error = checked(&["shufle"])
            .cells(None, &[])
            .expect_err("no such control");
        assert!(
            error.what.contains("shufle") && error.help.contains("shuffle"),
            "{error}"
        );
    }

    #[test]
    fn sanity_has_every_check_and_what_methods_are_held_against() {
        let grid = Grid {
            methods: vec!["snip".into()],
            sparsities: vec![0.9, 0.95],
            sanity: true,
            ..Grid::default()
        };
        let cells = grid.cells(None, &[]).expect("runs");
        let of = |share: &str| {
            let own = cells
                .iter()
                .filter(|cell| cell.name.contains(&format!("-{share}-seed")));
            own.map(|cell| cell.config.prune.called())
                .collect::<Vec<_>>()
        };
        let snip = ["", "-shuffle", "-reinit", "-invert", "-corrupt"]
            .map(|control| format!("snip{control}"));
        let random = ["random-erk", "small-dense"].map(str::to_owned);
        assert_eq!(of("0.9"), [&snip[..], &random].concat());
        assert_eq!(of("0.9"), of("0.95"));
    }

    #[test]
    fn settings_that_go_with_some_methods_do_not_refuse_a_sweep_of_these() {
        let edit = |key: &str, value: &str| vec![(key.to_owned(), Value::from(value))];
        let names = |grid: &Grid, edits: &[(String, Value)]| -> Vec<String> {
            let cells = grid.cells(None, edits).expect("runs").into_iter();
            cells.map(|cell| cell.config.prune.called()).collect()
        };
        let of = |method: &str, sanity: bool| Grid {
            methods: vec![method.into()],
            sanity,
            ..Grid::default()
        };
        assert_eq!(
            names(&of("lth", false), &edit("prune.rewind", "1it")),
            ["lth"]
        );
        let checked = names(&of("snip", true), &edit("prune.control", "corrupt"));
        assert_eq!(checked[0], "snip");
        // Random masks have no structure, and a share of filters is none of parameters.
        assert_eq!(
            names(&of("agp", true), &edit("prune.structure", "2:4")),
            ["agp", "small-dense"]
        );
        assert_eq!(
            names(&of("agp", true), &edit("prune.structure", "filter")),
            ["agp"]
        );
    }

    #[test]
    fn a_dense_run_is_the_same_whatever_the_sparsities() {
        let dense = |sparsities: Vec<f64>| {
            let grid = Grid {
                methods: vec!["dense".into()],
                sparsities,
                ..Grid::default()
            };
            grid.cells(None, &[]).expect("a run")
        };
        assert_eq!(dense(vec![0.8, 0.95]), dense(vec![0.5]));
        assert_eq!(dense(vec![0.8]).len(), 1);
    }

    #[test]
    fn without_lists_there_is_the_run_of_the_configuration() {
        let cells = Grid::default().cells(None, &[]).expect("a run");
        assert_eq!(cells.len(), 1);
        assert_eq!(cells[0].config, Config::default());
    }

    #[test]
    fn a_wrong_value_and_one_given_twice_are_refused() {
        for (methods, sparsities, part) in [
            (vec!["agb"], vec![0.9], "did you mean agp?"),
            (vec!["agp"], vec![1.0], "prune.sparsity"),
            (vec!["agp"], vec![0.9, 0.9], "have 0.9 twice"),
            (vec!["dense", "dense"], vec![], "have dense twice"),
        ] {
            let grid = Grid {
                methods: methods.into_iter().map(str::to_owned).collect(),
                sparsities,
                ..Grid::default()
            };
            let error = grid.cells(None, &[]).expect_err(part);
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
