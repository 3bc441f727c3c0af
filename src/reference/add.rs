//! Twin of [`Add`](crate::ops::Add): a sum of two numbers, which f32 rounds once.

use super::Bounded;

/// `y = a + b`
pub fn forward(a: &[f32], b: &[f32]) -> Vec<Bounded> {
    let pairs = a.iter().zip(b).map(|(&a, &b)| [a, b].map(f64::from));
    pairs
        .map(|[a, b]| Bounded::sum(a + b, a.abs() + b.abs()))
        .collect()
}
