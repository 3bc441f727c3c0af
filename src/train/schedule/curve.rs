//! How sparsity gets from its first value to its last: `linear`, `cubic`, `one-cycle(14, 5)` and others.

use crate::as_text::as_text;
use crate::nearest::known_names;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

/// A curve over the window of a pruning schedule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Curve {
    /// `none`: nothing is ever pruned.
    None,
    /// `linear`: by the same share at each update (Qureshi et al. 2026).
    Linear,
    /// `cubic`: fast first, slower and slower (Zhu and Gupta 2017, "To prune, or not to prune", equation 1).
    Cubic,
    /// `one-cycle(14, 5)`: slow, then fast half way at `beta / alpha`, then slow (Hubens et al. 2021, "One-Cycle
    /// Pruning").
    OneCycle {
        /// How steep it is.
        alpha: f64,
        /// How late it is, in units of `1 / alpha`.
        beta: f64,
    },
    /// `cosine`: half a cosine.
    Cosine,
    /// `one-shot`: all in one update, at the start of the window.
    OneShot,
    /// `iterative(3)`: in so many equal jumps.
    Iterative(u32),
    /// `constant`: the same from the start, as where a run begins with a sparse mask that only moves.
    Constant,
}

/// Their names, as far as a bracket.
const NAMES: [&str; 8] = [
    "none",
    "linear",
    "cubic",
    "one-cycle",
    "cosine",
    "one-shot",
    "iterative",
    "constant",
];

impl Curve {
    /// The share of the way that is done at this `progress`, which goes from 0 to 1 as the share does. At 1 it is 1.
    pub fn at(self, progress: f64) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Linear => progress,
            Self::Cubic => 1.0 - (1.0 - progress).powi(3),
            Self::OneCycle { alpha, beta } => {
                let logistic = |t: f64| 1.0 / (1.0 + (beta - alpha * t).exp());
                logistic(progress) / logistic(1.0)
            }
            Self::Cosine => f64::midpoint(1.0, -(PI * progress).cos()),
            Self::OneShot | Self::Constant => 1.0,
            Self::Iterative(jumps) => {
                let jumps = f64::from(jumps);
                // A progress of a third must not reach the second of three jumps by a rounding.
                ((progress * jumps - 1e-9).ceil() / jumps).clamp(0.0, 1.0)
            }
        }
    }
}

impl FromStr for Curve {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, numbers) = match text.split_once('(') {
            Some((name, rest)) => (name, rest.strip_suffix(')').map(str::trim)),
            None => (text, Some("")),
        };
        let name = name.trim();
        let numbers: Option<Vec<f64>> = match numbers {
            Some("") => Some(Vec::new()),
            Some(list) => (list.split(',').map(|number| number.trim().parse().ok())).collect(),
            None => None,
        };
        let numbers = numbers.unwrap_or_else(|| vec![f64::NAN]);
        match (name, numbers.as_slice()) {
            ("none", []) => Ok(Self::None),
            ("linear", []) => Ok(Self::Linear),
            ("cubic", []) => Ok(Self::Cubic),
            ("cosine", []) => Ok(Self::Cosine),
            ("one-shot", []) => Ok(Self::OneShot),
            ("constant", []) => Ok(Self::Constant),
            ("one-cycle", []) => Ok(Self::OneCycle {
                alpha: 14.0,
                beta: 5.0,
            }),
            // Far larger ones are steps, and their exponentials exceed an f64.
            ("one-cycle", &[alpha, beta])
                if alpha > 0.0 && alpha <= 100.0 && (-100.0..=100.0).contains(&beta) =>
            {
                Ok(Self::OneCycle { alpha, beta })
            }
            ("iterative", []) => Ok(Self::Iterative(3)),
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a whole number in range"
            )]
            ("iterative", &[jumps]) if jumps.fract() == 0.0 && (1.0..=1e6).contains(&jumps) => {
                Ok(Self::Iterative(jumps as u32))
            }
            (known, _) if NAMES.contains(&known) => Err(format!(
                "{text:?} has other numbers in brackets than {known} takes: write for example {}",
                known.parse::<Self>()?
            )),
            _ => Err(format!(
                "{text:?} is no schedule of sparsity: {}",
                known_names(name, "they", NAMES)
            )),
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Linear => f.write_str("linear"),
            Self::Cubic => f.write_str("cubic"),
            Self::OneCycle { alpha, beta } => write!(f, "one-cycle({alpha}, {beta})"),
            Self::Cosine => f.write_str("cosine"),
            Self::OneShot => f.write_str("one-shot"),
            Self::Iterative(jumps) => write!(f, "iterative({jumps})"),
            Self::Constant => f.write_str("constant"),
        }
    }
}

as_text!(Curve);

#[cfg(test)]
mod tests {
    use super::*;

    fn close(curve: &str, rows: &[(f64, f64)]) {
        let curve: Curve = curve.parse().expect(curve);
        for &(progress, share) in rows {
            let at = curve.at(progress);
            assert!((at - share).abs() < 6e-7, "{curve} at {progress}: {at}");
        }
    }

    /// Figures of the authors' formulas, worked out apart from this code.
    #[test]
    fn the_curves_have_the_published_values() {
        close(
            "one-cycle(14, 5)",
            &[
                (0.0, 0.006_694),
                (0.1, 0.026_600),
                (0.2, 0.099_763),
                (0.3, 0.310_064),
                (0.4, 0.645_736),
                (0.5, 0.880_906),
                (0.75, 0.996_053),
                (1.0, 1.0),
            ],
        );
        close(
            "one-cycle(14, 6)",
            &[
                (0.0, 0.002_473),
                (0.1, 0.009_955),
                (0.2, 0.039_179),
                (0.3, 0.141_899),
                (0.4, 0.401_447),
                (0.5, 0.731_304),
                (0.75, 0.989_345),
                (1.0, 1.0),
            ],
        );
        let cubic = |progress, sparsity: f64| (progress, sparsity / 0.9);
        close(
            "cubic",
            &[
                cubic(0.1, 0.243_9),
                cubic(0.25, 0.520_312_5),
                cubic(0.5, 0.7875),
                cubic(0.75, 0.885_937_5),
                cubic(1.0, 0.9),
            ],
        );
        close(
            "cosine",
            &[(0.0, 0.0), (0.5, 0.5), (1.0 / 3.0, 0.25), (1.0, 1.0)],
        );
        let third = 1.0 / 3.0;
        close(
            "iterative(3)",
            &[
                (0.0, 0.0),
                (0.1, third),
                (third, third),
                (0.34, 2.0 / 3.0),
                (1.0, 1.0),
            ],
        );
    }

    #[test]
    fn every_curve_rises_and_ends_exactly_at_one() {
        for name in NAMES.into_iter().filter(|&name| name != "none") {
            let curve: Curve = name.parse().expect(name);
            let shares: Vec<f64> = (0..=1000)
                .map(|i| curve.at(f64::from(i) / 1000.0))
                .collect();
            assert!(shares.is_sorted() && shares[0] >= 0.0, "{name}");
            #[allow(clippy::float_cmp, reason = "the target must be met exactly")]
            {
                assert_eq!(shares[1000], 1.0, "{name}");
            }
        }
    }

    #[test]
    fn curves_are_written_as_they_are_read() {
        for name in NAMES {
            let curve: Curve = name.parse().expect(name);
            assert_eq!(curve.to_string().parse(), Ok(curve));
        }
        assert_eq!(
            "one-cycle( 13,4.5 )".parse::<Curve>().map(String::from),
            Ok("one-cycle(13, 4.5)".into())
        );
        for (wrong, words) in [
            ("", "they are none"),
            ("cubik", "did you mean cubic?"),
            ("cubic(2)", "write for example cubic"),
            ("iterative(0)", "iterative(3)"),
            ("iterative(1.5)", "iterative(3)"),
            ("iterative(3", "iterative(3)"),
            ("one-cycle(14)", "one-cycle(14, 5)"),
            ("one-cycle(nan, 5)", "one-cycle(14, 5)"),
            ("one-cycle(0, 5)", "one-cycle(14, 5)"),
        ] {
            let error = wrong.parse::<Curve>().expect_err(wrong);
            assert!(error.contains(words), "{wrong}: {error}");
        }
    }
}
