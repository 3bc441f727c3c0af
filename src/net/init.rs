//! Initial values from a seed: drawn in file order, so that they do not depend on how the device lays them out.

use super::{Parameter, Role};
use crate::random::{Stream, normals, unit, words};
use serde::{Deserialize, Serialize};

/// How the weights of a layer start.
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
    /// The same deviation, of a normal that is cut off at two of its own: `variance_scaling_initializer` of TensorFlow.
    VarianceScaling,
    /// Normal, deviation 0.01 whatever the fans are.
    #[serde(rename = "normal-0.01")]
    SmallNormal,
    /// Uniform within 1/sqrt(fan_in): the default of PyTorch's layers.
    Uniform,
}

/// How biases start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BiasInit {
    /// As PyTorch's where the weights of the layer do, and at 0 elsewhere.
    Auto,
    /// At 0.
    Zeros,
    /// Uniform within 1/sqrt(fan_in), whatever the weights are.
    Uniform,
}

/// How the factors of a batch norm start. Its offsets start at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormInit {
    /// At 1.
    Ones,
    /// Uniform between 0 and 1, as in open_lth.
    Uniform,
}

/// How every parameter of a network starts: `[init]` of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InitConfig {
    /// Weights of convolutions.
    pub conv: Init,
    /// Weights of linear layers.
    pub linear: Init,
    /// Biases of both.
    pub bias: BiasInit,
    /// Factors of batch norms.
    pub batch_norm: NormInit,
}

impl Default for InitConfig {
    /// Fan-out on wide linear layers collapses in short runs, so they start as PyTorch's do.
    fn default() -> Self {
        Self {
            conv: Init::KaimingNormalFanOut,
            linear: Init::Uniform,
            bias: BiasInit::Auto,
            batch_norm: NormInit::Ones,
        }
    }
}

impl InitConfig {
    /// Values of all parameters of a network, in file order.
    ///
    /// # Panics
    /// If there are 2^32 parameters.
    pub fn values<'a>(
        &self,
        parameters: impl IntoIterator<Item = &'a Parameter>,
        seed: u64,
    ) -> Vec<Vec<f32>> {
        // A bias follows the weight of its layer.
        let mut weight = self.linear;
        let values = parameters.into_iter().enumerate().map(|(i, parameter)| {
            match parameter.role {
                Role::ConvWeight => weight = self.conv,
                Role::LinearWeight => weight = self.linear,
                _ => {}
            }
            let index = u32::try_from(i).expect("parameters are counted in 32 bits");
            self.law(parameter, weight)
                .values(parameter.len(), seed, index)
        });
        values.collect()
    }

    /// What the values of a parameter are drawn from, in a layer whose weights start like this.
    fn law(&self, parameter: &Parameter, weight: Init) -> Law {
        match (parameter.role, self.bias, self.batch_norm) {
            (Role::ConvWeight | Role::LinearWeight, ..) => weight.law(parameter),
            (Role::Bias, BiasInit::Uniform, _) => Init::Uniform.law(parameter),
            (Role::Bias, BiasInit::Auto, _) if weight == Init::Uniform => weight.law(parameter),
            (Role::Scale, _, NormInit::Uniform) => Law::Uniform(0.0, 1.0),
            (Role::Scale, _, NormInit::Ones) | (Role::RunningVariance, ..) => Law::Constant(1.0),
            (Role::Bias | Role::Shift | Role::RunningMean, ..) => Law::Constant(0.0),
        }
    }
}

impl Init {
    fn law(self, parameter: &Parameter) -> Law {
        let (fan_in, fan_out) = (f64::from(parameter.fan_in), f64::from(parameter.fan_out));
        match self {
            Self::KaimingNormalFanIn => Law::Normal(libm::sqrt(2.0 / fan_in)),
            Self::KaimingNormalFanOut => Law::Normal(libm::sqrt(2.0 / fan_out)),
            Self::GlorotNormal => Law::Normal(libm::sqrt(2.0 / (fan_in + fan_out))),
            Self::LecunNormal => Law::Normal(libm::sqrt(1.0 / fan_in)),
            Self::VarianceScaling => Law::CutNormal(libm::sqrt(1.0 / fan_in)),
            Self::SmallNormal => Law::Normal(0.01),
            Self::Uniform => {
                let bound = 1.0 / libm::sqrt(fan_in);
                Law::Uniform(-bound, bound)
            }
        }
    }
}

/// Deviation that is left of a standard normal which is cut off at 2 on both sides.
const CUT_DEVIATION: f64 = 0.879_625_661_034_239_8;

/// What values are drawn from.
enum Law {
    Constant(f32),
    /// Of this deviation, around 0.
    Normal(f64),
    /// The same, cut off where a normal of its shape has two deviations.
    CutNormal(f64),
    /// From here to there.
    Uniform(f64, f64),
}

impl Law {
    /// Values of the `index`-th parameter.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "rounding to f32 is what is wanted"
    )]
    fn values(&self, count: u32, seed: u64, index: u32) -> Vec<f32> {
        let groups = (0..).map(|group| words(seed, Stream::Init, index, group));
        let four = |[a, b, c, d]: [u32; 4]| [normals(a, b), normals(c, d)].concat();
        let count = count as usize;
        match *self {
            Self::Constant(value) => vec![value; count],
            Self::Normal(deviation) => {
                let values = groups.flat_map(four).take(count);
                values.map(|value| (value * deviation) as f32).collect()
            }
            Self::CutNormal(deviation) => {
                let scale = deviation / CUT_DEVIATION;
                let values = groups.flat_map(four).filter(|value| value.abs() <= 2.0);
                let values = values.take(count);
                values.map(|value| (value * scale) as f32).collect()
            }
            Self::Uniform(low, high) => {
                let (middle, half) = (f64::midpoint(low, high), (high - low) / 2.0);
                let values = groups.flatten().take(count);
                values
                    .map(|word| (middle + (2.0 * unit(word) - 1.0) * half) as f32)
                    .collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Shape;

    /// Mean and variance.
    fn moments(values: &[f32]) -> [f64; 2] {
        let count = f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX));
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
        let squares = values.iter().map(|&v| (f64::from(v) - mean).powi(2));
        [mean, squares.sum::<f64>() / count]
    }

    /// A linear layer, a convolution and a batch norm, each with all that it has.
    fn layers() -> Vec<Parameter> {
        let linear = Parameter::linear("fc", 200, Shape { h: 1, w: 1, c: 800 });
        let conv = Parameter::conv2d("conv", [40, 20, 5]);
        let mut all = vec![
            conv.clone(),
            Parameter::bias("conv", &conv),
            linear.clone(),
            Parameter::bias("fc", &linear),
        ];
        all.extend(Parameter::batch_norm("bn", Shape::features(2000)));
        all
    }

    #[test]
    fn weights_spread_as_their_rule_says_and_their_biases_start_at_zero() {
        for (init, conv, linear) in [
            (Init::KaimingNormalFanIn, 2.0 / 500.0, 2.0 / 800.0),
            (Init::KaimingNormalFanOut, 2.0 / 1000.0, 2.0 / 200.0),
            (Init::GlorotNormal, 2.0 / 1500.0, 2.0 / 1000.0),
            (Init::LecunNormal, 1.0 / 500.0, 1.0 / 800.0),
            (Init::VarianceScaling, 1.0 / 500.0, 1.0 / 800.0),
            (Init::SmallNormal, 1e-4, 1e-4),
            (Init::Uniform, 1.0 / 1500.0, 1.0 / 2400.0),
        ] {
            let config = InitConfig {
                conv: init,
                linear: init,
                ..InitConfig::default()
            };
            let values = config.values(&layers(), 1);
            // 20,000 draws put the ratio within 0.01 of 1 two times in three.
            for (values, variance) in [(&values[0], conv), (&values[2], linear)] {
                let ratio = moments(values)[1] / variance;
                assert!((ratio - 1.0).abs() < 0.04, "{init:?}: {ratio}");
            }
            let zeros = [1, 3].map(|i| values[i].iter().all(|&value| value == 0.0));
            assert_eq!(zeros, [init != Init::Uniform; 2], "{init:?}");
        }
    }

    #[test]
    fn kaiming_fan_out_has_the_published_deviations_in_resnet_18() {
        let net = crate::net::by_name("resnet-18", Shape { h: 32, w: 32, c: 3 }, 10);
        let parameters = net.expect("a network").parameters();
        for (name, wanted) in [
            ("conv1.weight", 0.058_926),
            ("layer4.1.conv2.weight", 0.020_833),
            ("fc.weight", 0.447_214),
        ] {
            let parameter = parameters.iter().find(|own| own.name == name);
            let law = Init::KaimingNormalFanOut.law(parameter.expect(name));
            assert!(
                matches!(law, Law::Normal(own) if (own - wanted).abs() < 1e-6),
                "{name}"
            );
        }
    }

    #[test]
    fn a_cut_normal_ends_where_it_is_cut() {
        let values = Law::CutNormal(1.0).values(20_000, 1, 0);
        let most = values.iter().map(|value| value.abs()).fold(0.0, f32::max);
        let distance = 2.0 / CUT_DEVIATION - f64::from(most);
        assert!((-1e-6..0.01).contains(&distance), "{distance}");
    }

    #[test]
    fn biases_follow_their_layer_unless_they_are_told_otherwise() {
        let bounds = |bias| {
            let config = InitConfig {
                conv: Init::KaimingNormalFanIn,
                bias,
                ..InitConfig::default()
            };
            let values = config.values(&layers(), 1);
            [1, 3].map(|i| values[i].iter().map(|v| v.abs()).fold(0.0, f32::max))
        };
        let [conv, linear] = [1.0 / 500f32.sqrt(), 1.0 / 800f32.sqrt()];
        let is_near = |most: f32, bound: f32| (0.9 * bound..=bound).contains(&most);
        let [of_conv, of_linear] = bounds(BiasInit::Auto);
        assert!(of_conv == 0.0 && is_near(of_linear, linear));
        let [of_conv, of_linear] = bounds(BiasInit::Uniform);
        assert!(is_near(of_conv, conv) && is_near(of_linear, linear));
        assert_eq!(bounds(BiasInit::Zeros), [0.0; 2]);
    }

    #[test]
    fn a_batch_norm_starts_without_effect_or_with_random_factors() {
        let values = |batch_norm| {
            let config = InitConfig {
                batch_norm,
                ..InitConfig::default()
            };
            config.values(&layers(), 1).split_off(4)
        };
        let [ones, zeros] = [1.0, 0.0].map(|value| vec![value; 2000]);
        let plain = values(NormInit::Ones);
        assert_eq!(plain, [&ones, &zeros, &zeros, &ones].map(Clone::clone));
        let mut random = values(NormInit::Uniform);
        let factors = std::mem::replace(&mut random[0], ones);
        assert_eq!(random, plain);
        assert!(factors.iter().all(|factor| (0.0..=1.0).contains(factor)));
        let [mean, variance] = moments(&factors);
        assert!((mean - 0.5).abs() < 0.03 && (variance * 12.0 - 1.0).abs() < 0.1);
    }
}
