//! The check that linear layers and convolutions share: three directions against the twin, and against each other.

use super::{Bench, Expected, Finding, Setting, floats};
use crate::error::Result;
use crate::gpu::{Plan, Tensor, Tuning};
use crate::ops::Write;
use crate::reference::{self, Bounded, added, grad_bias, magnitudes};

/// An op whose three directions are sums of the products x·w, with its twin.
pub(super) trait Layer {
    /// Elements of `x`, `w`, `y` and `bias`.
    fn lengths(&self) -> [u32; 4];
    fn record_forward(&self, plan: &mut Plan, xw: [&Tensor; 2], bias: Option<&Tensor>, y: &Tensor);
    fn record_grad_input(&self, plan: &mut Plan, w_dy: [&Tensor; 2], dx: &Tensor, write: Write);
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
    /// How many times the bound of a sum the error may be, with these kernels.
    fn slack(&self, tuning: Tuning) -> f64;
}

/// `layer!(Op, twin, |op| [lengths], slack)`: an op and the module of its twin, which agree on names and arguments.
macro_rules! layer {
    ($op:ident, $twin:ident, |$s:ident| $lengths:expr_2021, $slack:expr_2021) => {
        impl $crate::check::product::Layer for $op {
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
            fn record_grad_input(
                &self,
                plan: &mut Plan,
                w_dy: [&Tensor; 2],
                dx: &Tensor,
                write: Write,
            ) {
                self.grad_input(plan, w_dy, dx, write);
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
            fn slack(&self, tuning: $crate::gpu::Tuning) -> f64 {
                let slack: fn(&Self, $crate::gpu::Tuning) -> f64 = $slack;
                slack(self, tuning)
            }
        }
    };
}
pub(super) use layer;

/// All directions against the twin; and that they are adjoint, which needs no twin:
/// `<dy, y> = <dx, x> + <dbias, bias> = <dw, w> + <dbias, bias>`.
pub(super) fn check(setting: &Setting, op: &impl Layer, has_bias: bool) -> Result<Vec<Finding>> {
    let [x_len, w_len, y_len, k] = op.lengths();
    let [x, w, dy] = [(1, x_len), (2, w_len), (3, y_len)].map(|(seed, n)| floats(seed, n));
    let bias = has_bias.then(|| floats(4, k));
    let [ax, aw, ady] = [&x, &w, &dy].map(|v| magnitudes(v));
    let abias = bias.as_deref().map(magnitudes);
    let y_terms = op.forward(&ax, &aw, abias.as_deref());
    let slack = op.slack(setting.tuning);
    let sums = |values: &[f64], terms: &[f64]| loosened(slack, values, terms);
    let y = sums(&op.forward(&x, &w, bias.as_deref()), &y_terms);
    let dx = sums(&op.grad_input(&w, &dy), &op.grad_input(&aw, &ady));
    let dw = sums(&op.grad_weight(&x, &dy), &op.grad_weight(&ax, &ady));
    // No algorithm does more to it than add.
    let dbias = reference::sums(&grad_bias(k, &dy), &grad_bias(k, &ady));

    let mut bench = Bench::new(setting);
    let [gx, gw, gdy] = [("x", &x), ("w", &w), ("dy", &dy)].map(|(n, v)| bench.input(n, v));
    let gbias = bias.as_ref().map(|bias| bench.input("bias", bias));
    bench.direction("forward");
    let gy = bench.output("y", Expected::within(&y));
    op.record_forward(&mut bench.plan, [&gx, &gw], gbias.as_ref(), &gy);
    bench.direction("grad_input");
    // Both ways to write take turns, as layers with and without a bias do: every kernel takes a driver time.
    let before = (!has_bias).then(|| floats(5, x_len));
    let (gdx, write) = match &before {
        None => (bench.output("dx", Expected::within(&dx)), Write::Set),
        Some(before) => {
            let sum = Expected::within(&added(before, dx));
            (bench.state("dx", before, sum), Write::Add)
        }
    };
    op.record_grad_input(&mut bench.plan, [&gw, &gdy], &gdx, write);
    bench.direction("grad_weight");
    let gdw = bench.output("dw", Expected::within(&dw));
    let gdbias = (bias.as_ref()).map(|_| bench.output("dbias", Expected::within(&dbias)));
    op.record_grad_weight(&mut bench.plan, [&gx, &gdy], &gdw, gdbias.as_ref());
    let run = bench.run()?;

    let bias_share = match (&gdbias, &bias) {
        (Some(gdbias), Some(bias)) => inner(&run.read(gdbias), bias),
        _ => 0.0,
    };
    let by_y = inner(&dy, &run.read(&gy)) - bias_share;
    let pairs = y_terms.iter().zip(&ady);
    let before = before.unwrap_or_else(|| vec![0.0; x.len()]);
    let magnitude =
        pairs.map(|(y, &dy)| y * f64::from(dy)).sum::<f64>() + inner(&magnitudes(&before), &ax);
    let expected = Bounded::sum(by_y, magnitude).loosened(slack);
    let mut adjoint = Finding {
        direction: "adjoint",
        kernels: run
            .findings
            .iter()
            .flat_map(|f| f.kernels.clone())
            .collect(),
        worst: 0.0,
        repeats: true,
        fault: None,
    };
    for (name, product) in [
        ("<dx,x>", inner(&run.read(&gdx), &x) - inner(&before, &x)),
        ("<dw,w>", inner(&run.read(&gdw), &w)),
    ] {
        let error = expected.share(product);
        adjoint.worst = adjoint.worst.max(error);
        if error > 1.0 {
            let Bounded { value, bound } = expected;
            adjoint.fault = Some(format!(
                "{name} is {product}, but <dy,y> less <dbias,bias> is {value} within {bound:e}"
            ));
        }
    }
    Ok([run.findings, vec![adjoint]].concat())
}

/// Sums whose bounds are so many times those of sums.
pub(super) fn loosened(slack: f64, values: &[f64], terms: &[f64]) -> Vec<Bounded> {
    let each = reference::sums(values, terms).into_iter();
    each.map(|sum| sum.loosened(slack)).collect()
}

fn inner(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let pairs = a.iter().zip(b);
    pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}
