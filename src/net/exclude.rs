//! Which layers are never pruned.

use super::{Layer, Net, Node, Parameter};
use crate::error::{Error, Result};
use crate::nearest::known_names;

/// What layers with weights are called by kind.
const KINDS: [&str; 2] = ["conv2d", "linear"];

impl Node {
    /// Of a layer with weights, one of [`KINDS`].
    pub(super) fn kind(&self) -> Option<&'static str> {
        match self.layer {
            Layer::Conv2d { .. } => Some(KINDS[0]),
            Layer::Linear { .. } => Some(KINDS[1]),
            _ => None,
        }
    }

    /// Whether `name` is a part of its name between dots.
    fn has_part(&self, name: &str) -> bool {
        format!(".{}.", self.name).contains(&format!(".{name}."))
    }
}

impl Net {
    /// Names of the layers with weights that `name` means: those of a kind, `conv2d` or `linear`; a layer by its name; or, where
    /// none has this name, all whose names have it between dots, as `layer2.0.downsample.0` has `downsample`.
    ///
    /// # Errors
    /// There is none. `key` is where the name was.
    pub fn called(&self, key: &str, name: &str) -> Result<Vec<String>> {
        let weighted = || self.nodes.iter().filter(|node| node.kind().is_some());
        let is_whole = weighted().any(|node| node.name == name);
        let is_called = |node: &&Node| {
            let is_own = node.name == name || !is_whole && node.has_part(name);
            node.kind() == Some(name) || is_own
        };
        let called: Vec<String> = (weighted().filter(is_called))
            .map(|node| node.name.clone())
            .collect();
        if !called.is_empty() {
            return Ok(called);
        }
        let kinds = KINDS
            .into_iter()
            .filter(|&kind| weighted().any(|node| node.kind() == Some(kind)));
        let layers = weighted().map(|node| node.name.as_str());
        Err(Error::config(
            format!(
                "{key} has {name:?}, which no layer of {} is called",
                self.name
            ),
            known_names(name, "kinds and layers", kinds.chain(layers)),
        ))
    }

    /// Has pruning rank biases with the weights of their layers.
    ///
    /// # Errors
    /// No layer that is pruned has a bias.
    pub fn rank_biases(&mut self) -> Result<()> {
        self.ranks_biases = true;
        if (self.parameters().iter()).any(|own| own.is_prunable() && !own.is_weight()) {
            return Ok(());
        }
        Err(Error::config(
            format!(
                "prune.biases is true, but no layer of {} that is pruned has a bias",
                self.name
            ),
            "set prune.biases to false",
        ))
    }

    /// Has pruning leave the weights of these layers, each name meaning what [`called`](Self::called) says.
    ///
    /// # Errors
    /// No layer with weights is called so, or all of them are.
    pub fn exclude(&mut self, names: &[String]) -> Result<()> {
        let mut excluded = Vec::new();
        for name in names {
            excluded.extend(self.called("prune.exclude", name)?);
        }
        self.excluded = excluded;
        if !self.parameters().iter().any(Parameter::is_prunable) {
            return Err(Error::config(
                format!("prune.exclude leaves no layer of {} to prune", self.name),
                "leave out fewer layers; --set prune.exclude=[] leaves out none",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Shape, by_name};

    fn resnet() -> Net {
        by_name("resnet-20", Shape { h: 32, w: 32, c: 3 }, 10).expect("a network")
    }

    fn left_out(names: &[&str]) -> Result<Vec<String>> {
        let mut net = resnet();
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        net.exclude(&names)?;
        let parameters = net.parameters().into_iter();
        let dense = parameters.filter(|own| own.shape.len() > 1 && !own.is_prunable());
        Ok(dense.map(|own| own.name).collect())
    }

    #[test]
    fn layers_are_left_out_by_kind_by_name_and_by_a_part_of_their_names() {
        let all = resnet().parameters();
        let of = |part: &str| -> Vec<String> {
            let weights = all.iter().filter(|own| own.shape.len() > 1);
            let named = weights.filter(|own| own.name.contains(part));
            named.map(|own| own.name.clone()).collect()
        };
        assert_eq!(left_out(&[]).expect("none"), [""; 0]);
        assert_eq!(left_out(&["linear"]).expect("a kind"), ["fc.weight"]);
        assert_eq!(left_out(&["fc", "linear"]).expect("twice"), ["fc.weight"]);
        assert_eq!(left_out(&["layer2"]).expect("a part"), of("layer2."));
        assert_eq!(
            left_out(&["conv2d"]).expect("a kind").len(),
            all.iter().filter(|own| own.shape.len() == 4).count()
        );
        // The blocks have layers of this name, too.
        assert_eq!(left_out(&["conv1"]).expect("a name"), ["conv1.weight"]);
        assert_eq!(left_out(&["conv2"]).expect("a part"), of(".conv2."));
        // A part of a part is none.
        assert!(left_out(&["layer"]).is_err());
    }

    #[test]
    fn biases_are_pruned_where_their_layers_are() {
        let prunable = |net: &Net| {
            let biases = net.parameters().into_iter().filter(|own| !own.is_weight());
            let prunable = biases.filter(Parameter::is_prunable);
            prunable.map(|own| own.name).collect::<Vec<_>>()
        };
        let mut net = resnet();
        assert_eq!(prunable(&net), [""; 0]);
        // Only the last layer has one; batch norms have shifts, which are none.
        net.rank_biases().expect("a bias");
        assert_eq!(prunable(&net), ["fc.bias"]);
        net.exclude(&["linear".into()]).expect("a kind");
        assert_eq!(prunable(&net), [""; 0]);
        let error = net.rank_biases().expect_err("no bias is left");
        assert!(error.what.contains("prune.biases is true"), "{error}");
    }

    #[test]
    fn names_that_mean_nothing_and_lists_that_leave_nothing_are_refused() {
        let error = left_out(&["fk"]).expect_err("no such layer");
        assert!(
            error.what.contains("\"fk\"") && error.help.contains("did you mean fc?"),
            "{error}"
        );
        let error = left_out(&["conv2d", "linear"]).expect_err("nothing left");
        assert!(error.help.contains("prune.exclude=[]"), "{error}");
    }
}
