//! Twin of [`Clip`].

use super::Bounded;
use super::prune::is_kept;
use crate::ops::Clip;

/// What becomes of `dw`, where `mask` has one bit for each of them, lowest first.
///
/// All terms of the sum of squares are positive, so it is off by a share of itself, and its root by half that share.
/// The root (about 5 ulp), the division (2.5), and three more roundings stay within the other half.
#[allow(clippy::cast_possible_truncation, reason = "overflow is what is asked")]
pub fn clip(s: &Clip, mask: &[u32], dw: &[f32]) -> Vec<Bounded> {
    let kept = dw.iter().enumerate().filter(|&(i, _)| is_kept(mask, i));
    let squares: f64 = kept.map(|(_, &g)| f64::from(g).powi(2)).sum();
    let factor = if (squares as f32).is_finite() {
        (f64::from(s.norm) / (squares.sqrt() + 1e-6)).min(1.0)
    } else {
        0.0
    };
    let clipped = |&g: &f32| {
        if !g.is_finite() {
            return Bounded::exact(g);
        }
        let value = factor * f64::from(g);
        Bounded::sum(value, value.abs())
    };
    dw.iter().map(clipped).collect()
}
