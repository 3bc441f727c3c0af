//! Twin of [`Displace`](crate::ops::Displace).

use super::Bounded;

/// `x + step direction`.
pub fn displace(step: f32, x: &[f32], direction: &[f32]) -> Vec<Bounded> {
    let moved = |(&x, &direction): (&f32, &f32)| {
        let (x, moved) = (f64::from(x), f64::from(step) * f64::from(direction));
        Bounded::sum(x + moved, x.abs() + moved.abs())
    };
    x.iter().zip(direction).map(moved).collect()
}
