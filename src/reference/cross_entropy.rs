//! Twin of [`CrossEntropy`], with targets smoothed as PyTorch's `label_smoothing`.

use super::{Bounded, EPSILON};
use crate::ops::CrossEntropy;

/// What the kernel shall give.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Of each row; 0 where the row is padding.
    pub loss: Vec<Bounded>,
    /// Whether the first largest output is the label's.
    pub hit: Vec<u32>,
    /// N·classes.
    pub dz: Vec<Bounded>,
}

/// `p = softmax(z)`, `t = (1-a)·[label] + a/classes`; `loss = -sum of t·log p`, `dz = (p - t) / count`.
///
/// WGSL allows `exp(d)` an error of `3 + 2|d|` ulp and `log` one of `4ε` near 1 and 3 ulp elsewhere. With `d` the
/// largest distance between two logits, the sum of exponentials is off by a share of `(3 + 3d + classes/2)·ε`, its
/// logarithm by as much plus `(4 + 3 ln classes)·ε`, and the sums over `t` by `(2 + classes/2)·d·ε`; all of it is
/// below `(16 + classes)(1 + d)·ε`. The same factor bounds `p` as a share of itself, and `t`.
pub fn cross_entropy(s: &CrossEntropy, z: &[f32], labels: &[u32], count: u32) -> Expected {
    let classes = f64::from(s.classes);
    let smoothing = f64::from(s.smoothing);
    let zero = Bounded::exact(0.0);
    let mut expected = Expected {
        loss: Vec::new(),
        hit: Vec::new(),
        dz: Vec::new(),
    };
    for (n, row) in z.chunks(s.classes as usize).enumerate() {
        if n >= count as usize {
            expected.loss.push(zero);
            expected.hit.push(0);
            expected.dz.extend(vec![zero; row.len()]);
            continue;
        }
        let row: Vec<f64> = row.iter().map(|&z| z.into()).collect();
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let smallest = row.iter().copied().fold(f64::INFINITY, f64::min);
        let log_sum = row.iter().map(|z| (z - largest).exp()).sum::<f64>().ln();
        let log_p: Vec<f64> = row.iter().map(|z| z - largest - log_sum).collect();
        let label = labels[n] as usize;
        let target = |c: usize| {
            let on_label = if c == label { 1.0 - smoothing } else { 0.0 };
            on_label + smoothing / classes
        };
        let tolerance = (16.0 + classes) * (1.0 + largest - smallest) * EPSILON;
        let loss = -(0..row.len()).map(|c| target(c) * log_p[c]).sum::<f64>();
        expected.loss.push(Bounded {
            value: loss,
            bound: tolerance,
        });
        let first_largest = row.iter().position(|&z| z == largest);
        expected.hit.push(u32::from(first_largest == Some(label)));
        expected.dz.extend((0..row.len()).map(|c| {
            let (p, t) = (log_p[c].exp(), target(c));
            let share = (p - t) / f64::from(count);
            let bound = tolerance * (p + t) / f64::from(count);
            // An adapter may take what is below the smallest normal number for 0.
            let bound = bound + f64::from(f32::MIN_POSITIVE);
            Bounded {
                value: share,
                bound,
            }
        }));
    }
    expected
}
