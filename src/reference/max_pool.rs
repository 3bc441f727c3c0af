//! Twin of [`MaxPool`]. A maximum is one of its inputs, so forward is exact.

use crate::ops::MaxPool;

/// Calls `visit(y, tap, x)` with the indices of every input that a window covers, window by window, taps in order.
fn for_each_tap(s: &MaxPool, mut visit: impl FnMut(usize, u32, usize)) {
    for o in 0..s.y_len() {
        let (n, p) = (o / (s.c * s.q() * s.p()), o / (s.c * s.q()) % s.p());
        let (q, c) = (o / s.c % s.q(), o % s.c);
        for tap in 0..s.kernel * s.kernel {
            let h = (p * s.stride + tap / s.kernel).checked_sub(s.pad);
            let w = (q * s.stride + tap % s.kernel).checked_sub(s.pad);
            if let (Some(h), Some(w)) = (h.filter(|&h| h < s.h), w.filter(|&w| w < s.w)) {
                let x = ((n * s.h + h) * s.w + w) * s.c + c;
                visit(o as usize, tap, x as usize);
            }
        }
    }
}

/// `y[n,p,q,c] = max over r,s of x[n, p·stride+r-pad, q·stride+s-pad, c]`, and `r·kernel+s` of the first maximum.
pub fn forward(s: &MaxPool, x: &[f32]) -> (Vec<f32>, Vec<u32>) {
    let mut y = vec![f32::NEG_INFINITY; s.y_len() as usize];
    let mut winner = vec![u32::MAX; y.len()];
    for_each_tap(s, |o, tap, i| {
        if winner[o] == u32::MAX || x[i] > y[o] {
            (y[o], winner[o]) = (x[i], tap);
        }
    });
    (y, winner)
}

/// `y[n,p,q,c]` is what lies in the place of `x` that won.
pub fn taken(s: &MaxPool, x: &[f32], winner: &[u32]) -> Vec<f32> {
    let mut y = vec![0.0; s.y_len() as usize];
    for_each_tap(s, |o, tap, i| {
        if winner[o] == tap {
            y[o] = x[i];
        }
    });
    y
}

/// `dx[n,h,w,c] = sum of dy over the windows whose winner is (h, w)`: a sum of products with 0 and 1.
pub fn grad_input(s: &MaxPool, dy: &[f32], winner: &[u32]) -> Vec<f64> {
    let mut dx = vec![0.0; s.x_len() as usize];
    for_each_tap(s, |o, tap, i| {
        if winner[o] == tap {
            dx[i] += f64::from(dy[o]);
        }
    });
    dx
}
