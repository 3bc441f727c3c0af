//! Learned pruning at initialisation (Liu, Cheng, Zha, Guo, Sun, Bing and Yang 2024, Learning effective pruning at
//! initialization from iterative pruning, arXiv 2408.14757): how many rounds of iterative pruning a weight survives in one
//! network is learned as a function of what is known of it before training, its value and its gradient, and that function
//! ranks the weights of another network.
//!
//! [`survey`] prunes a network in rounds and notes what survives, [`fit`] has the [`network`] learn that, and a [`Regressor`]
//! is what it learned, in a file. The criterion [`Learned`](crate::ops::Criterion::Learned) asks it for the points of a grid
//! over all weights, whose [`axis`] is made for them.

mod file;
mod fit;
mod grid;
mod network;
mod survey;

pub use file::{About, Regressor};
pub use fit::{EPOCHS, FitEpoch, Fitted, HELD_OUT, Samples, fit};
pub use grid::axis;
pub use network::{compile, network};
pub use survey::{Decrease, Survey, SurveyRound, survey};
