//! Twin of [`AvgPool`]: sums of products with the share of one element of a window.

use crate::ops::AvgPool;

/// Calls `visit(y, x)` with the indices of every input that a window covers, window by window.
fn for_each_tap(s: &AvgPool, mut visit: impl FnMut(usize, usize)) {
    for o in 0..s.y_len() {
        let (n, p) = (o / (s.c * s.q() * s.p()), o / (s.c * s.q()) % s.p());
        let (q, c) = (o / s.c % s.q(), o % s.c);
        for r in 0..s.window[0] {
            for t in 0..s.window[1] {
                let (h, w) = (p * s.stride + r, q * s.stride + t);
                visit(o as usize, (((n * s.h + h) * s.w + w) * s.c + c) as usize);
            }
        }
    }
}

fn share(s: &AvgPool) -> f64 {
    1.0 / f64::from(s.window[0] * s.window[1])
}

/// `y[n,p,q,c] = mean over r,s of x[n, p·stride+r, q·stride+s, c]`
pub fn forward(s: &AvgPool, x: &[f32]) -> Vec<f64> {
    let mut y = vec![0.0; s.y_len() as usize];
    for_each_tap(s, |o, i| y[o] += share(s) * f64::from(x[i]));
    y
}

/// `dx[n,h,w,c] = sum of dy over the windows that cover (h, w)`, each by the share of one element.
pub fn grad_input(s: &AvgPool, dy: &[f32]) -> Vec<f64> {
    let mut dx = vec![0.0; s.x_len() as usize];
    for_each_tap(s, |o, i| dx[i] += share(s) * f64::from(dy[o]));
    dx
}
