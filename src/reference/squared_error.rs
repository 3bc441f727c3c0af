//! Twin of [`SquaredError`](crate::ops::SquaredError).

use super::{Bounded, EPSILON};

/// Loss and gradient of each row, of which the first `count` are no padding.
///
/// The difference is rounded once, by a share of half an ε. The loss has it twice and a rounding of its own; the gradient
/// has it once, and WGSL allows the division 2.5 ulp. Four ε cover both.
pub fn squared_error(y: &[f32], t: &[f32], count: u32) -> [Vec<Bounded>; 2] {
    let mut expected = [Vec::new(), Vec::new()];
    for (n, (&y, &t)) in y.iter().zip(t).enumerate() {
        let error = if n < count as usize {
            f64::from(y) - f64::from(t)
        } else {
            0.0
        };
        for (rows, value) in expected
            .iter_mut()
            .zip([error * error, 2.0 * error / f64::from(count)])
        {
            rows.push(Bounded {
                value,
                bound: 4.0 * EPSILON * value.abs(),
            });
        }
    }
    expected
}
