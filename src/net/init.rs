//! Initial weights from a seed: drawn in file order, so that they do not depend on how the device lays them out.

use super::{Parameter, Role};
use crate::random::{Stream, normals, unit, words};
use serde::{Deserialize, Serialize};

/// How the weights of a layer start. Biases start at 0, except under [`Init::Uniform`]. Under any, a batch norm starts by
/// leaving what it normalises as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Init {
    /// Normal, deviation sqrt(2/fan_in) (He et al. 2015, section 2.2).
    KaimingNormalFanIn,
    /// Normal, deviation sqrt(2/fan_out) (He et al. 2015, section 2.2).
    KaimingNormalFanOut,
    /// Normal, deviation sqrt(2/(fan_in + fan_out)) (Glorot and Bengio 2010, section 4.2).
    GlorotNormal,
    /// Normal, deviation sqrt(1/fan_in) (LeCun, Bottou, Orr and Müller 1998, section 4.6).
    LecunNormal,
    /// Uniform within 1/sqrt(fan_in), biases too: the default of PyTorch's layers.
    Uniform,
}

impl Init {
    /// Values of the `index`-th parameter of a network, in file order.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "rounding to f32 is what is wanted"
    )]
    pub fn values(self, parameter: &Parameter, seed: u64, index: u32) -> Vec<f32> {
        let (fan_in, fan_out) = (f64::from(parameter.fan_in), f64::from(parameter.fan_out));
        let groups =
            (0..parameter.len().div_ceil(4)).map(|group| words(seed, Stream::Init, index, group));
        let normal = |deviation: f64| -> Vec<f32> {
            let four = |[a, b, c, d]: [u32; 4]| [normals(a, b), normals(c, d)].concat();
            groups
                .clone()
                .flat_map(four)
                .map(|value| (value * deviation) as f32)
                .collect()
        };
        let mut values = match (self, parameter.role) {
            (_, Role::Scale | Role::RunningVariance) => vec![1.0; parameter.len() as usize],
            (_, Role::Shift | Role::RunningMean) => vec![0.0; parameter.len() as usize],
            (Self::Uniform, _) => {
                let bound = 1.0 / libm::sqrt(fan_in);
                groups
                    .flatten()
                    .map(|word| ((2.0 * unit(word) - 1.0) * bound) as f32)
                    .collect()
            }
            (_, Role::Bias) => vec![0.0; parameter.len() as usize],
            (Self::KaimingNormalFanIn, _) => normal(libm::sqrt(2.0 / fan_in)),
            (Self::KaimingNormalFanOut, _) => normal(libm::sqrt(2.0 / fan_out)),
            (Self::GlorotNormal, _) => normal(libm::sqrt(2.0 / (fan_in + fan_out))),
            (Self::LecunNormal, _) => normal(libm::sqrt(1.0 / fan_in)),
        };
        values.truncate(parameter.len() as usize);
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Shape;

    #[test]
    fn weights_spread_as_their_rule_says_and_their_biases_start_at_zero() {
        let inputs = Shape { h: 1, w: 1, c: 800 };
        let weight = Parameter::linear("fc", 200, inputs);
        let bias = Parameter::bias("fc", &weight);
        for (init, variance) in [
            (Init::KaimingNormalFanIn, 2.0 / 800.0),
            (Init::KaimingNormalFanOut, 2.0 / 200.0),
            (Init::GlorotNormal, 2.0 / 1000.0),
            (Init::LecunNormal, 1.0 / 800.0),
        ] {
            let values = init.values(&weight, 1, 0);
            let squares = values.iter().map(|&value| f64::from(value).powi(2));
            let ratio = squares.sum::<f64>() / f64::from(weight.len()) / variance;
            // 160,000 draws put the ratio within 0.0035 of 1 two times in three.
            assert!((ratio - 1.0).abs() < 0.02, "{init:?}: {ratio}");
            assert!(init.values(&bias, 1, 1).iter().all(|&value| value == 0.0));
        }
        let bound = 1.0 / 800.0_f32.sqrt();
        let uniform = Init::Uniform.values(&bias, 1, 1);
        assert!(uniform.iter().any(|&value| value != 0.0));
        assert!(uniform.iter().all(|value| value.abs() <= bound));
    }
}
