//! Twin of [`Linear`]: `x` is N·C, `w` is C·K, `y` is N·K.

use crate::ops::Linear;

/// Calls `visit(x, w, y)` with the three indices of every product `x·w` that lands in `y`.
fn for_each_term(s: &Linear, mut visit: impl FnMut(usize, usize, usize)) {
    let [rows, inputs, outputs] = [s.n, s.c, s.k].map(|v| v as usize);
    for n in 0..rows {
        for c in 0..inputs {
            for k in 0..outputs {
                visit(n * inputs + c, c * outputs + k, n * outputs + k);
            }
        }
    }
}

/// `y[n,k] = bias[k] + sum over c of x[n,c] · w[c,k]`
pub fn forward(s: &Linear, x: &[f32], w: &[f32], bias: Option<&[f32]>) -> Vec<f64> {
    let offset = |k: usize| bias.map_or(0.0, |bias| f64::from(bias[k]));
    let outputs = s.k as usize;
    let mut y: Vec<f64> = (0..s.n as usize * outputs)
        .map(|o| offset(o % outputs))
        .collect();
    for_each_term(s, |i, j, o| y[o] += f64::from(x[i]) * f64::from(w[j]));
    y
}

/// `dx[n,c] = sum over k of dy[n,k] · w[c,k]`
pub fn grad_input(s: &Linear, w: &[f32], dy: &[f32]) -> Vec<f64> {
    let mut dx = vec![0.0; (s.n * s.c) as usize];
    for_each_term(s, |i, j, o| dx[i] += f64::from(dy[o]) * f64::from(w[j]));
    dx
}

/// `dw[c,k] = sum over n of x[n,c] · dy[n,k]`; [`grad_bias`](super::grad_bias) gives `dbias`.
pub fn grad_weight(s: &Linear, x: &[f32], dy: &[f32]) -> Vec<f64> {
    let mut dw = vec![0.0; (s.c * s.k) as usize];
    for_each_term(s, |i, j, o| dw[j] += f64::from(x[i]) * f64::from(dy[o]));
    dw
}
