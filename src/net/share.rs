//! Sparsities of single layers.

use super::{Net, Parameter};
use crate::error::{Error, Result};
use std::collections::BTreeMap;

impl Net {
    /// Has layers come to sparsities of their own where the others come to `sparsity`: names as in [`exclude`](Self::exclude).
    ///
    /// # Errors
    /// A name that no layer has, one that means a layer that is never pruned, or two that mean the same.
    pub fn set_shares(&mut self, layers: &BTreeMap<String, f64>, sparsity: f64) -> Result<()> {
        self.powers.clear();
        for (name, own) in layers {
            for layer in self.called("prune.layers", name)? {
                let refuse = |why: &str| {
                    let what = format!("prune.layers has {name:?}, but {layer} {why}");
                    Err(Error::config(what, "name each layer that is pruned once"))
                };
                if self.excluded.contains(&layer) {
                    return refuse("is never pruned");
                }
                let power = (1.0 - own).ln() / (1.0 - sparsity).ln();
                if self.powers.insert(layer.clone(), power).is_some() {
                    return refuse("has another sparsity there");
                }
            }
        }
        Ok(())
    }

    /// For each prunable tensor, the power of the others' density that its own density is.
    pub fn powers(&self) -> Vec<f64> {
        let parameters = self.parameters().into_iter();
        let power = |own: Parameter| {
            let layer = own.name.strip_suffix(".weight").unwrap_or(&own.name);
            self.powers.get(layer).copied().unwrap_or(1.0)
        };
        parameters
            .filter(Parameter::is_prunable)
            .map(power)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Shape, by_name};

    fn powers(layers: &[(&str, f64)]) -> Result<Vec<f64>> {
        let mut net = by_name("lenet-300-100", Shape { h: 28, w: 28, c: 1 }, 10)?;
        net.exclude(&["fc1".into()])?;
        let layers = layers.iter().map(|&(name, own)| (name.to_owned(), own));
        net.set_shares(&layers.collect(), 0.75)?;
        Ok(net.powers())
    }

    #[test]
    fn layers_have_powers_of_their_own() {
        assert_eq!(powers(&[]).expect("none"), [1.0, 1.0]);
        assert_eq!(powers(&[("fc3", 0.5)]).expect("a layer"), [1.0, 0.5]);
        assert_eq!(powers(&[("fc2", 0.0)]).expect("a dense one"), [0.0, 1.0]);
    }

    #[test]
    fn names_that_mean_nothing_or_too_much_are_refused() {
        for (layers, words) in [
            (&[("fc4", 0.5)][..], "no layer of lenet-300-100 is called"),
            (&[("fc1", 0.5)], "fc1 is never pruned"),
            (&[("linear", 0.5)], "fc1 is never pruned"),
        ] {
            let error = powers(layers).expect_err(words);
            assert!(error.what.contains(words), "{error}");
        }
        let mut net =
            by_name("lenet-300-100", Shape { h: 28, w: 28, c: 1 }, 10).expect("a network");
        let twice = [("fc3".to_owned(), 0.5), ("linear".to_owned(), 0.6)];
        let error = net.set_shares(&twice.into(), 0.9).expect_err("fc3 twice");
        assert!(error.what.contains("fc3 has another sparsity"), "{error}");
    }
}
