//! Twin of [`Interpolate`](crate::ops::Interpolate).

use super::{Bounded, SUM_TOLERANCE};

/// The point at whose right a value lies, or the last but one or the first, and the share of the way to the next.
fn place(axis: &[f32], value: f32) -> (usize, f64) {
    let inner = &axis[1..axis.len() - 1];
    let point = inner.iter().filter(|&&other| other <= value).count();
    let [left, right] = [axis[point], axis[point + 1]].map(f64::from);
    let share = (f64::from(value) - left) / (right - left);
    (point, share.clamp(0.0, 1.0))
}

/// The score of each pair, between four points of the grid.
///
/// Differences and their quotient are off by a few ε of the share, and the score then by as much of the largest of its four
/// points, as are the three sums that interpolate.
pub fn interpolate(values: [&[f32]; 2], [xs, ys]: [&[f32]; 2], table: &[f32]) -> Vec<Bounded> {
    let score = |(&x, &y): (&f32, &f32)| {
        let ((j, p), (k, q)) = (place(xs, x), place(ys, y));
        let mut score = Bounded::exact(0.0);
        let mut largest: f64 = 0.0;
        for (row, rows) in [(j, 1.0 - p), (j + 1, p)] {
            for (column, columns) in [(k, 1.0 - q), (k + 1, q)] {
                let point = f64::from(table[row * ys.len() + column]);
                score.value += rows * columns * point;
                largest = largest.max(point);
            }
        }
        score.bound = SUM_TOLERANCE * largest;
        score
    };
    values[0].iter().zip(values[1]).map(score).collect()
}
