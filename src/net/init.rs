//! Initial weights from a seed: drawn in file order, so that they do not depend on how the device lays them out.

use super::{Parameter, Role};
use crate::random::{Stream, normals, unit, words};
use serde::{Deserialize, Serialize};

/// How the weights of a layer start. Biases start at 0, except under [`Init::Uniform`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Init {
    /// Normal, deviation sqrt(2/fan_in) (He et al. 2015, section 2.2).
    KaimingNormalFanIn,
    /// Normal, deviation sqrt(2/fan_out) (He et al. 2015, section 2.2).
    KaimingNormalFanOut,
    /// Normal, deviation sqrt(2/(fan_in + fan_out)) (Glorot and Bengio 2010, section 4.2).
    GlorotNormal,
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
        };
        values.truncate(parameter.len() as usize);
        values
    }
}
