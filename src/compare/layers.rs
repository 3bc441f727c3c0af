//! What pruning left of each layer.

use super::table::{aligned, removed, shown};
use super::{Group, Spread};
use crate::train::LayerCount;

/// A convolution or linear layer in all finished runs of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerRow<'a> {
    /// Name of its weights.
    pub name: &'a str,
    /// How many there are.
    pub weights: u32,
    /// Share of them that is kept.
    pub density: Spread,
    /// Share of the multiply-adds of the network with all weights.
    pub macs: f64,
    /// Runs in which none is left, or one of several.
    pub collapsed: usize,
}

impl Group<'_> {
    /// The layers of its network; none if a run recorded none, or no run is done.
    pub fn layers(&self) -> Option<Vec<LayerRow<'_>>> {
        let [first, ..] = &self.done[..] else {
            return None;
        };
        let macs = first.macs()?;
        let row = |(i, layer): (usize, &'_ LayerCount)| {
            let own: Option<Vec<&LayerCount>> = (self.done.iter())
                .map(|run| {
                    run.layers
                        .get(i)
                        .filter(|own| own.name == layer.name && own.weights == layer.weights)
                })
                .collect();
            let own = own?;
            let density = |own: &&LayerCount| f64::from(own.kept) / f64::from(own.weights);
            let density: Vec<f64> = own.iter().map(density).collect();
            Some(LayerRow {
                name: &first.layers[i].name,
                weights: layer.weights,
                density: Spread::of(&density)?,
                macs: layer.macs as f64 / macs,
                collapsed: own.iter().filter(|own| own.is_collapsed()).count(),
            })
        };
        first.layers.iter().enumerate().map(row).collect()
    }
}

/// A table for each group, with a row for each layer.
pub fn layers(groups: &[Group<'_>]) -> String {
    let tables = groups.iter().map(|group| {
        let task = group.task;
        let removed = match task.sparsity {
            Some(share) => format!("{} removed by", removed(share, &task)),
            None => "nothing removed,".to_owned(),
        };
        let runs = group.done.len();
        let head = format!(
            "{} on {}, {removed} {}, runs: {runs}\n",
            task.model, task.data, group.method
        );
        let table = group.layers().map_or_else(
            || "none of its runs is done, or one of an earlier version counted no layers\n".into(),
            |layers| table(&layers, runs),
        );
        head + &table
    });
    tables.collect::<Vec<String>>().join("\n")
}

fn table(layers: &[LayerRow<'_>], runs: usize) -> String {
    let mut rows = vec![
        [
            "layer",
            "weights",
            "kept, %",
            "of all multiply-adds, %",
            "collapsed",
        ]
        .map(str::to_owned),
    ];
    rows.extend(layers.iter().map(|layer| {
        [
            layer.name.to_owned(),
            layer.weights.to_string(),
            shown(Some(layer.density), 100.0, 2),
            format!("{:.1}", 100.0 * layer.macs),
            match layer.collapsed {
                0 => String::new(),
                some => format!("in {some} of {runs}"),
            },
        ]
    }));
    aligned(&rows)
}
