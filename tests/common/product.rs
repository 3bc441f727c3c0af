//! The check that linear layers and convolutions share: three directions against the twin, and against each other.

use super::{Bench, Setting, assert_sums_close, floats};
use std::fmt::Debug;
use wgprune::gpu::{Plan, Tensor};
use wgprune::ops::{Conv2d, Linear};
use wgprune::reference::{SUM_TOLERANCE, conv2d, grad_bias, linear, magnitudes};

/// An op whose three directions are sums of the products x·w, with its twin.
pub(crate) trait Layer: Debug {
    /// Elements of `x`, `w`, `y` and `bias`.
    fn lengths(&self) -> [u32; 4];
    fn record_forward(&self, plan: &mut Plan, xw: [&Tensor; 2], bias: Option<&Tensor>, y: &Tensor);
    fn record_grad_input(&self, plan: &mut Plan, w_dy: [&Tensor; 2], dx: &Tensor);
    fn record_grad_weight(
        &self,
        plan: &mut Plan,
        x_dy: [&Tensor; 2],
        dw: &Tensor,
        dbias: Option<&Tensor>,
    );
    fn forward(&self, x: &[f32], w: &[f32], bias: Option<&[f32]>) -> Vec<f64>;
    fn grad_input(&self, w: &[f32], dy: &[f32]) -> Vec<f64>;
    fn grad_weight(&self, x: &[f32], dy: &[f32]) -> Vec<f64>;
}

macro_rules! layer {
    ($op:ident, $twin:ident, |$s:ident| $lengths:expr) => {
        impl Layer for $op {
            fn lengths(&self) -> [u32; 4] {
                let $s = self;
                $lengths
            }
            fn record_forward(
                &self,
                plan: &mut Plan,
                xw: [&Tensor; 2],
                bias: Option<&Tensor>,
                y: &Tensor,
            ) {
                self.forward(plan, xw, bias, y);
            }
            fn record_grad_input(&self, plan: &mut Plan, w_dy: [&Tensor; 2], dx: &Tensor) {
                self.grad_input(plan, w_dy, dx);
            }
            fn record_grad_weight(
                &self,
                plan: &mut Plan,
                x_dy: [&Tensor; 2],
                dw: &Tensor,
                dbias: Option<&Tensor>,
            ) {
                self.grad_weight(plan, x_dy, dw, dbias);
            }
            fn forward(&self, x: &[f32], w: &[f32], bias: Option<&[f32]>) -> Vec<f64> {
                $twin::forward(self, x, w, bias)
            }
            fn grad_input(&self, w: &[f32], dy: &[f32]) -> Vec<f64> {
                $twin::grad_input(self, w, dy)
            }
            fn grad_weight(&self, x: &[f32], dy: &[f32]) -> Vec<f64> {
                $twin::grad_weight(self, x, dy)
            }
        }
    };
}
layer!(Linear, linear, |s| [s.n * s.c, s.c * s.k, s.n * s.k, s.k]);
layer!(Conv2d, conv2d, |s| [s.x_len(), s.w_len(), s.y_len(), s.k]);

/// Asserts that all directions agree with the twin, and that they are adjoint:
/// `<dy, y> = <dx, x> + <dbias, bias> = <dw, w> + <dbias, bias>`, which needs no twin.
pub(crate) fn assert_agrees(s: &impl Layer, has_bias: bool, settings: &[Setting]) {
    let [x_len, w_len, y_len, k] = s.lengths();
    let [x, w, dy] = [(1, x_len), (2, w_len), (3, y_len)].map(|(seed, n)| floats(seed, n));
    let bias = has_bias.then(|| floats(4, k));
    let [ax, aw, ady] = [&x, &w, &dy].map(|v| magnitudes(v));
    let abias = bias.as_deref().map(magnitudes);
    let y = s.forward(&x, &w, bias.as_deref());
    let y_terms = s.forward(&ax, &aw, abias.as_deref());
    let [dx, dx_terms] = [(&w, &dy), (&aw, &ady)].map(|(w, dy)| s.grad_input(w, dy));
    let [dw, dw_terms] = [(&x, &dy), (&ax, &ady)].map(|(x, dy)| s.grad_weight(x, dy));
    let [dbias, dbias_terms] = [&dy, &ady].map(|dy| grad_bias(k, dy));
    let magnitude: f64 = y_terms
        .iter()
        .zip(&ady)
        .map(|(y, &dy)| y * f64::from(dy))
        .sum();

    for setting in settings {
        let on = |what: &str| format!("{s:?}, {}: {what}", setting.name());
        let mut bench = Bench::new(setting);
        let [gx, gw, gdy] = [("x", &x), ("w", &w), ("dy", &dy)].map(|(n, v)| bench.input(n, v));
        let gbias = bias.as_ref().map(|bias| bench.input("bias", bias));
        let [gy, gdx, gdw] =
            [("y", y_len), ("dx", x_len), ("dw", w_len)].map(|(n, len)| bench.output(n, len));
        let gdbias = bias.as_ref().map(|_| bench.output("dbias", k));
        s.record_forward(&mut bench.plan, [&gx, &gw], gbias.as_ref(), &gy);
        s.record_grad_input(&mut bench.plan, [&gw, &gdy], &gdx);
        s.record_grad_weight(&mut bench.plan, [&gx, &gdy], &gdw, gdbias.as_ref());
        let machine = bench.run();
        let [ry, rdx, rdw] = [&gy, &gdx, &gdw].map(|t| machine.read::<f32>(t).unwrap());
        assert_sums_close(&on("y"), &ry, &y, &y_terms);
        assert_sums_close(&on("dx"), &rdx, &dx, &dx_terms);
        assert_sums_close(&on("dw"), &rdw, &dw, &dw_terms);
        let mut bias_share = 0.0;
        if let (Some(gdbias), Some(bias)) = (&gdbias, &bias) {
            let rdbias = machine.read::<f32>(gdbias).unwrap();
            assert_sums_close(&on("dbias"), &rdbias, &dbias, &dbias_terms);
            bias_share = inner(&rdbias, bias);
        }
        let [y, x, w] = [inner(&dy, &ry), inner(&rdx, &x), inner(&rdw, &w)];
        let bound = SUM_TOLERANCE * magnitude;
        assert!(
            (y - x - bias_share).abs() <= bound && (y - w - bias_share).abs() <= bound,
            "{}: <dy,y> = {y}, <dx,x> = {x}, <dw,w> = {w}, <dbias,bias> = {bias_share}, bound {bound:e}",
            on("adjoint")
        );
    }
}

fn inner(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(&a, &b)| f64::from(a) * f64::from(b))
        .sum()
}
