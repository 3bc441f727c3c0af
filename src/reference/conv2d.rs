//! Twin of [`Conv2d`]: one loop nest says what a convolution is, and the three directions differ only in which
//! index receives the product.

use crate::ops::Conv2d;

/// How many times the bound of a sum the checks allow Winograd's algorithm, whose terms are as large all over a tile:
/// 2.7 times was measured with 256 channels. It adds multiples of other pixels of the tile and takes them away again, so
/// where those are much larger than what an output adds up itself, its error is a share of theirs, and not bounded by this.
pub const WINOGRAD_SLACK: f64 = 5.0;

/// Calls `visit(x, w, y)` with the three indices of every product `x·w` that lands in `y`.
fn for_each_term(s: &Conv2d, mut visit: impl FnMut(usize, usize, usize)) {
    let [images, height, width, channels] = [s.n, s.h, s.w, s.c].map(|v| v as usize);
    let [rows, columns, outputs] = [s.p(), s.q(), s.k].map(|v| v as usize);
    let [kernel, stride, pad] = [s.kernel, s.stride, s.pad].map(|v| v as usize);
    // Where a window position meets the input, or nothing where it meets the padding.
    let inside = |o: usize, tap: usize, extent: usize| {
        (o * stride + tap).checked_sub(pad).filter(|&i| i < extent)
    };
    for n in 0..images {
        for (p, q) in pairs(rows, columns) {
            for (r, t) in pairs(kernel, kernel) {
                let (Some(h), Some(w)) = (inside(p, r, height), inside(q, t, width)) else {
                    continue;
                };
                for (c, k) in pairs(channels, outputs) {
                    visit(
                        ((n * height + h) * width + w) * channels + c,
                        ((r * kernel + t) * channels + c) * outputs + k,
                        ((n * rows + p) * columns + q) * outputs + k,
                    );
                }
            }
        }
    }
}

fn pairs(outer: usize, inner: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..outer).flat_map(move |a| (0..inner).map(move |b| (a, b)))
}

/// `y[n,p,q,k] = bias[k] + sum over r,s,c of x[n, p·stride+r-pad, q·stride+s-pad, c] · w[r,s,c,k]`
pub fn forward(s: &Conv2d, x: &[f32], w: &[f32], bias: Option<&[f32]>) -> Vec<f64> {
    let offset = |k: usize| bias.map_or(0.0, |bias| f64::from(bias[k]));
    let mut y: Vec<f64> = (0..s.y_len() as usize)
        .map(|o| offset(o % s.k as usize))
        .collect();
    for_each_term(s, |i, j, o| y[o] += f64::from(x[i]) * f64::from(w[j]));
    y
}

/// `dx`: every product, with `dy` in the place of `x`, lands where `x` was.
pub fn grad_input(s: &Conv2d, w: &[f32], dy: &[f32]) -> Vec<f64> {
    let mut dx = vec![0.0; s.x_len() as usize];
    for_each_term(s, |i, j, o| dx[i] += f64::from(dy[o]) * f64::from(w[j]));
    dx
}

/// `dw`: every product, with `dy` in the place of `w`, lands where `w` was;
/// [`grad_bias`](super::grad_bias) gives `dbias`.
pub fn grad_weight(s: &Conv2d, x: &[f32], dy: &[f32]) -> Vec<f64> {
    let mut dw = vec![0.0; s.w_len() as usize];
    for_each_term(s, |i, j, o| dw[j] += f64::from(x[i]) * f64::from(dy[o]));
    dw
}
