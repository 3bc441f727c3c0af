//! What pruning left of each layer.

use super::table::{aligned, removed, shown};
use super::{Group, Spread};
use crate::net::OnPaths;
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
    /// Share of the kept ones that lies on no path from the image to the outputs, on average; none if a run did not count it.
    pub off_paths: Option<f64>,
    /// Outputs that no path goes through, on average; none likewise.
    pub dead_outputs: Option<f64>,
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
            let mean = |of: fn(&LayerCount, OnPaths) -> f64| {
                let values: Option<Vec<f64>> =
                    own.iter().map(|own| Some(of(own, own.on_paths?))).collect();
                Some(Spread::of(&values?)?.mean)
            };
            Some(LayerRow {
                name: &first.layers[i].name,
                weights: layer.weights,
                density: Spread::of(&density)?,
                macs: layer.macs as f64 / macs,
                off_paths: mean(|own, on| {
                    f64::from(own.kept.saturating_sub(on.effective)) / f64::from(own.kept.max(1))
                }),
                dead_outputs: mean(|_, on| on.dead_outputs.into()),
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
            "on no path, %",
            "dead outputs",
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
            (layer.off_paths).map_or(String::new(), |share| format!("{:.2}", 100.0 * share)),
            (layer.dead_outputs).map_or(String::new(), |outputs| format!("{outputs:.1}")),
            match layer.collapsed {
                0 => String::new(),
                some => format!("in {some} of {runs}"),
            },
        ]
    }));
    aligned(&rows)
}
