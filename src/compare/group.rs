//! Runs that differ only by their seeds, and which of those groups are to be compared.

use super::{Ending, Outcome, Reached, Spread};
use crate::config::Config;
use crate::net::Structure;
use crate::train::Length;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;
use toml::{Table, Value};

/// What runs have in common that are to be compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Task<'a> {
    /// Network.
    pub model: &'a str,
    /// Data set, without its folder.
    pub data: &'a str,
    /// Share that is gone in the end; none where nothing is.
    pub sparsity: Option<f64>,
    /// Whether it is one of filters, not of weights.
    pub filters: bool,
    /// Whether it is one of weights and biases.
    pub biases: bool,
    /// Layers that it is not of.
    pub excluded: &'a [String],
    /// Layers that have a share of their own.
    pub layers: Option<&'a BTreeMap<String, f64>>,
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
    pub(super) fn of(config: &'a Config) -> Self {
        let file = Path::new(&config.data.name).file_name();
        let share = config.prune.share();
        Self {
            model: &config.model,
            data: (file.and_then(|name| name.to_str())).unwrap_or(&config.data.name),
            sparsity: share,
            filters: share.is_some() && config.prune.structure == Structure::Filter,
            biases: share.is_some() && config.prune.biases,
            excluded: share.map_or(&[], |_| &config.prune.exclude),
            layers: share.map(|_| &config.prune.layers),
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
        (named.then(share(self).total_cmp(&share(other))))
            .then(self.filters.cmp(&other.filters))
            .then(self.biases.cmp(&other.biases))
            .then(self.excluded.cmp(other.excluded))
    }
}

/// Whether two configurations mean the same run but for the seed.
fn are_alike(a: &Config, b: &Config) -> bool {
    let without = |config: &Config| {
        let mut config = config.clone();
        config.seed = 0;
        if config.prune.share().is_none() {
            config.prune.sparsity = 0.0;
            config.prune.structure = Structure::None;
            config.prune.biases = false;
            config.prune.layers.clear();
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
                method: config.prune.called(),
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
            Ending::Done(reached) => group.done.push(reached.clone()),
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
            let twins = groups
                .iter()
                .filter(|other| other.task == group.task && other.method == group.method);
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
    /// Of the masks.
    pub fn structure(&self) -> Structure {
        self.config.prune.structure
    }

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
