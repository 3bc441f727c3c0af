//! A stretch of a run: `10ep`, `2000it` or `75%`.

use crate::as_text::as_text;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Epochs, steps, or a share of the run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Length {
    /// `10ep`: passes over the training images.
    Epochs(u32),
    /// `2000it`: steps of the optimiser.
    Steps(u32),
    /// `75%`: of the steps of the run.
    Percent(f64),
}

impl Length {
    /// Steps, for epochs of `epoch` steps in a run of `run` steps; a share rounds to the nearest.
    pub fn steps(self, epoch: u32, run: u32) -> u32 {
        match self {
            Self::Epochs(epochs) => epochs.saturating_mul(epoch),
            Self::Steps(steps) => steps,
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a float-to-integer cast saturates"
            )]
            Self::Percent(percent) => (f64::from(run) * percent / 100.0).round() as u32,
        }
    }
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse =
            || format!("{text:?} is no length of training: write for example 10ep, 2000it or 75%");
        let number = |digits: &str| digits.trim().parse::<u32>().map_err(|_| refuse());
        if let Some(epochs) = text.strip_suffix("ep") {
            number(epochs).map(Self::Epochs)
        } else if let Some(steps) = text.strip_suffix("it") {
            number(steps).map(Self::Steps)
        } else if let Some(share) = text.strip_suffix('%') {
            let share: f64 = share.trim().parse().map_err(|_| refuse())?;
            if (0.0..=100.0).contains(&share) {
                Ok(Self::Percent(share))
            } else {
                Err(refuse())
            }
        } else {
            Err(refuse())
        }
    }
}

as_text!(Length);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epochs(epochs) => write!(f, "{epochs}ep"),
            Self::Steps(steps) => write!(f, "{steps}it"),
            Self::Percent(share) => write!(f, "{share}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_as_they_are_read() {
        for text in ["10ep", "2000it", "75%", "37.5%"] {
            assert_eq!(
                text.parse::<Length>().map(|length| length.to_string()),
                Ok(text.to_owned())
            );
        }
        for wrong in ["", "10", "ep", "-1ep", "1.5ep", "101%", "99999999999it"] {
            assert!(wrong.parse::<Length>().is_err(), "{wrong}");
        }
        assert_eq!(Length::Epochs(3).steps(46, 460), 138);
        assert_eq!(Length::Percent(75.0).steps(46, 460), 345);
    }
}
