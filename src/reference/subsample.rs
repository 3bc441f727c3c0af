//! Twin of [`Subsample`]. It only moves numbers, so it is exact.

use crate::ops::Subsample;

/// Calls `visit(y, x)` with the indices of every output that has an input.
fn for_each_pair(s: &Subsample, mut visit: impl FnMut(usize, usize)) {
    for n in 0..s.n {
        for p in 0..s.p() {
            for q in 0..s.q() {
                for c in 0..s.c {
                    let y = ((n * s.p() + p) * s.q() + q) * s.k + s.before() + c;
                    let x = ((n * s.h + p * s.stride) * s.w + q * s.stride) * s.c + c;
                    visit(y as usize, x as usize);
                }
            }
        }
    }
}

/// `y[n,p,q,k] = x[n, p·stride, q·stride, k-before]`, or 0 where there is no such channel.
pub fn forward(s: &Subsample, x: &[f32]) -> Vec<f32> {
    let mut y = vec![0.0; s.y_len() as usize];
    for_each_pair(s, |o, i| y[o] = x[i]);
    y
}

/// `dx` is `dy` where the input was taken, else 0.
pub fn grad_input(s: &Subsample, dy: &[f32]) -> Vec<f32> {
    let mut dx = vec![0.0; s.x_len() as usize];
    for_each_pair(s, |o, i| dx[i] = dy[o]);
    dx
}
