//! Networks with fewer channels.

use super::{Layer, Net, Parameter};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// What a narrow network is a form of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whole {
    /// All that training would change, biases and batch norms included.
    pub parameters: u32,
    /// Multiply-adds of convolutions and linear layers for one image.
    pub macs: u64,
}

impl Net {
    /// The same layers with fewer outputs, all by one factor but for those that give the classes: the widest such network that has
    /// no more parameters than this one would have with `keep` of its prunable weights (the small-dense networks of Zhu and Gupta
    /// 2017, To prune, or not to prune).
    ///
    /// # Errors
    /// Layers of one output each have more, or a layer cannot read fewer channels.
    pub fn narrowed(&self, keep: u32) -> Result<Self> {
        let all = self.trainable();
        let most = all - self.prunable() + keep;
        let mut net = self.scaled(0.0)?;
        if net.trainable() > most {
            return Err(Error::config(
                format!(
                    "{} of {all} parameters would have {most} left, but with one output in every layer it has {}",
                    self.name,
                    net.trainable()
                ),
                "choose a lower --sparsity",
            ));
        }
        let (mut low, mut high) = (0.0, 1.0);
        // Until no layer could tell them apart.
        for _ in 0..32 {
            let middle = f64::midpoint(low, high);
            let other = self.scaled(middle)?;
            if other.trainable() > most {
                high = middle;
            } else {
                (low, net) = (middle, other);
            }
        }
        net.whole = Some(Whole {
            parameters: all,
            macs: self.macs(),
        });
        Ok(net)
    }

    /// What it is a narrow form of, if it is.
    pub fn whole(&self) -> Option<Whole> {
        self.whole
    }

    /// Weights that pruning may remove.
    pub fn prunable(&self) -> u32 {
        let weights = self.parameters().into_iter();
        let prunable = weights.filter(Parameter::is_prunable);
        prunable.map(|own| own.len()).sum()
    }

    /// Elements of all parameters that training changes.
    fn trainable(&self) -> u32 {
        let parameters = self.parameters().into_iter();
        let trainable = parameters.filter(Parameter::is_trainable);
        trainable.map(|own| own.len()).sum()
    }

    /// With this share of the outputs of all layers, at least one, but for those that give the classes.
    fn scaled(&self, share: f64) -> Result<Self> {
        let mut net = Self::new(&self.name, self.input);
        let answering = self.answering();
        for node in &self.nodes {
            let layer = match answering.contains(&node.name) {
                true => node.layer,
                false => node.layer.scaled(share),
            };
            net.push_from(&node.name, layer, node.reads)
                .map_err(|error| {
                    Error::config(
                        format!("{} cannot have fewer channels: {}", self.name, error.what),
                        "choose another method than small-dense",
                    )
                })?;
        }
        net.excluded.clone_from(&self.excluded);
        Ok(net)
    }
}

impl Layer {
    fn scaled(mut self, share: f64) -> Self {
        if let Self::Conv2d { outputs, .. }
        | Self::Linear { outputs, .. }
        | Self::Subsample { outputs, .. } = &mut self
        {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and the number of outputs"
            )]
            let scaled = (share * f64::from(*outputs)).round() as u32;
            *outputs = scaled.max(1);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{MODELS, by_name};

    #[test]
    fn every_network_has_narrow_forms_with_about_as_many_parameters() {
        for model in MODELS {
            let net = by_name(model.name, model.input, 10).expect("a network");
            for share in [2, 10] {
                let narrow = net.narrowed(net.prunable() / share).expect(model.name);
                let most = f64::from(net.trainable()) / f64::from(share);
                let has = f64::from(narrow.trainable());
                // Biases and batch norms are never removed, but get fewer, too.
                assert!(
                    (0.9..1.1).contains(&(has / most)),
                    "{}: {has} for {most}",
                    model.name
                );
                assert_eq!(narrow.nodes.len(), net.nodes.len());
                assert_eq!(narrow.classes(), 10);
                assert!(narrow.whole().is_some_and(|whole| whole.macs == net.macs()));
            }
        }
    }

    #[test]
    fn lenet_300_100_has_as_many_outputs_as_fit() {
        let net = by_name("lenet-300-100", MODELS[0].input, 10).expect("a network");
        let narrow = net.narrowed(26_620).expect("a tenth");
        let outputs = |net: &Net| -> Vec<u32> {
            let weights = net.parameters().into_iter();
            weights
                .filter(Parameter::is_prunable)
                .map(|own| own.shape[0])
                .collect()
        };
        // 784 * 33 + 33 + 33 * 11 + 11 + 11 * 10 + 10 = 26,399 of 26,620 + 410, and 34 outputs would be too many.
        assert_eq!(outputs(&narrow), [33, 11, 10]);
        let error = net.narrowed(27).expect_err("27 and biases");
        assert!(
            error.what.contains("with one output in every layer"),
            "{error}"
        );
    }
}
