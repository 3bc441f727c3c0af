//! Mean and spread of a few runs, and whether two differ.

/// Mean and sample standard deviation of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Number of values.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Divided by n - 1; none of a single value.
    pub deviation: Option<f64>,
}

impl Spread {
    /// Of these values; none of no values.
    #[allow(clippy::cast_precision_loss, reason = "there are few runs")]
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        (n > 0).then(|| Self {
            n,
            mean,
            deviation: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()),
        })
    }

    /// Whether the means differ by more than noise: by twice the standard deviation of their difference or more. None where
    /// one is of a single value.
    #[allow(clippy::cast_precision_loss, reason = "there are few runs")]
    pub fn differs(&self, other: &Self) -> Option<bool> {
        let variance = |spread: &Self| Some(spread.deviation?.powi(2) / spread.n as f64);
        let noise = 2.0 * (variance(self)? + variance(other)?).sqrt();
        Some((self.mean - other.mean).abs() > noise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        let spread = Spread::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).expect("values");
        assert_eq!((spread.n, spread.mean), (8, 5.0));
        // 32 / 7
        assert!((spread.deviation.expect("many") - 2.138_089_935).abs() < 1e-9);
        assert_eq!(Spread::of(&[3.0]).expect("one").deviation, None);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn means_differ_beyond_twice_the_deviation_of_their_difference() {
        let spread = |mean, deviation| Spread {
            n: 4,
            mean,
            deviation,
        };
        let (a, b) = (spread(1.0, Some(0.3)), spread(1.5, Some(0.4)));
        // 2 sqrt((0.09 + 0.16) / 4) = 0.5
        assert_eq!(a.differs(&b), Some(false));
        assert_eq!(a.differs(&spread(1.51, Some(0.4))), Some(true));
        assert_eq!(a.differs(&spread(9.0, None)), None);
    }
}
