//! Probes of arithmetic: numbers that are none, rounding, and how exact the functions are that kernels use.

use super::facts::{Fact, Value};
use crate::check::floats;
use crate::error::Result;
use crate::gpu::{Kernel, Machine, Plan, Tensor, kernel};
use bytemuck::{Pod, Zeroable};
use std::ops::Range;

const ARITHMETIC: Kernel = kernel!("probe/arithmetic", "grid", "finite");

/// Random numbers of each kind of sample.
const SAMPLE: u32 = 2048;

/// Mirrors `Results` of `shaders/probe/arithmetic.wgsl`.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Results {
    sum: f32,
    product: f32,
    quotient: f32,
    root: f32,
    exponential: f32,
    logarithm: f32,
    fused: f32,
    separate: f32,
    error_term: f32,
    positive: f32,
    nothing: f32,
    differs: u32,
    is_finite: u32,
}

#[allow(clippy::cast_possible_truncation, reason = "a handful of words")]
const RESULTS_LEN: u32 = (size_of::<Results>() / 4) as u32;

/// What lies in the probe's inputs, kind after kind.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// A NaN with either sign, and infinities of both.
    NotFinite,
    /// Numbers at the edges of what is finite.
    Finite,
    /// Subnormals, and products that are.
    Subnormal,
    /// Between -10 and 10.
    Ten,
    /// From 2^-20 to 1/2, and from 2 to 2^20: where logarithms are not small.
    Wide,
}

impl Kind {
    /// Where it lies in the inputs.
    fn range(self) -> Range<usize> {
        let start = match self {
            Self::NotFinite => 0,
            Self::Finite => 4,
            Self::Subnormal => 8,
            Self::Ten => 12,
            Self::Wide => 12 + SAMPLE as usize,
        };
        let length = match self {
            Self::NotFinite | Self::Finite | Self::Subnormal => 4,
            Self::Ten | Self::Wide => SAMPLE as usize,
        };
        start..start + length
    }
}

/// The three inputs of every probe.
fn inputs() -> [Vec<f32>; 3] {
    let nan = f32::from_bits(0x7fc0_dead);
    let tiny = f32::MIN_POSITIVE;
    let mut a = vec![
        nan,
        f32::from_bits(0xff80_0001),
        f32::INFINITY,
        f32::NEG_INFINITY,
    ];
    a.extend([f32::MAX, f32::MIN, -0.0, f32::from_bits(1)]);
    a.extend([tiny / 4.0, -tiny / 8.0, tiny, tiny * 1.5]);
    // Sums and products of these are subnormal.
    let mut b = vec![1.0; 8];
    b.extend([tiny / 2.0, tiny / 16.0, 0.25, -0.5]);
    let [one, two] = [floats(1, SAMPLE), floats(2, SAMPLE)];
    a.extend(one.iter().map(|v| 10.0 * v));
    b.extend(two.iter().map(|v| 3.0 * v));
    let wide = |v: &f32| (v.signum() + 19.0 * v).exp2();
    a.extend(one.iter().map(wide));
    b.extend(two.iter().map(wide));
    // What the product rounds away is all that is left of a fused one.
    let c = a.iter().zip(&b).map(|(a, b)| -(a * b)).collect();
    [a, b, c]
}

pub(super) struct Tensors {
    inputs: [Tensor; 3],
    results: Tensor,
}

pub(super) fn record(plan: &mut Plan) -> Tensors {
    let length = u32::try_from(Kind::Wide.range().end).expect("a few thousand");
    let inputs = ["a", "b", "c"].map(|name| plan.tensor(name, &[length]));
    let results = plan.tensor("results", &[length, RESULTS_LEN]);
    let [a, b, c] = &inputs;
    let constants = [("LENGTH", length.into())];
    plan.elementwise(&ARITHMETIC, &constants, &[a, b, c, &results], length);
    Tensors { inputs, results }
}

impl Tensors {
    pub(super) fn write(&self, machine: &Machine) {
        for (tensor, values) in self.inputs.iter().zip(inputs()) {
            machine.write(tensor, &values);
        }
    }

    pub(super) fn facts(&self, machine: &Machine) -> Result<Vec<Fact>> {
        let results: Vec<Results> = machine.read(&self.results)?;
        let [a, b, _] = inputs();
        let of = |kind: Kind| &results[kind.range()];
        let nans = &of(Kind::NotFinite)[..2];
        let finite = [Kind::Finite, Kind::Subnormal, Kind::Ten, Kind::Wide];
        let bit_test = of(Kind::NotFinite).iter().all(|r| r.is_finite == 0)
            && finite
                .iter()
                .all(|&kind| of(kind).iter().all(|r| r.is_finite == 1));
        let worst = |kind: Kind, right: &dyn Fn(f64, f64) -> f64, got: &dyn Fn(&Results) -> f32| {
            let errors = kind.range().filter_map(|i| {
                let right = right(a[i].into(), b[i].into());
                (!right.is_nan()).then(|| ulps(got(&results[i]), right))
            });
            Value::Ulp((errors.fold(0.0, f64::max) * 100.0).round() / 100.0)
        };
        let sums = |i: usize| results[i].sum == a[i] + b[i];
        let products = |i: usize| results[i].product == a[i] * b[i];
        let [added, multiplied] = [Kind::Subnormal.range(), Kind::Subnormal.range()];
        Ok(vec![
            Fact::new(
                "nan_differs_from_itself",
                Value::Is(nans.iter().all(|r| r.differs == 1)),
            ),
            Fact::needed(
                "bits_tell_what_is_finite",
                Value::Is(bit_test),
                bit_test,
                "that is how training finds what is not finite",
            ),
            Fact::new("max_of_nan_and_zero", nan_or_zero(nans, |r| r.positive)),
            Fact::new("nan_times_zero", nan_or_zero(nans, |r| r.nothing)),
            Fact::new(
                "infinity_times_zero",
                nan_or_zero(&of(Kind::NotFinite)[2..], |r| r.nothing),
            ),
            Fact::new("sums_keep_subnormals", Value::Is(added.take(2).all(sums))),
            Fact::new(
                "products_keep_subnormals",
                Value::Is(multiplied.skip(2).all(products)),
            ),
            Fact::new("fma_is_fused", fused(of(Kind::Ten), |r| r.fused)),
            Fact::new(
                "multiply_and_add_is_fused",
                fused(of(Kind::Ten), |r| r.separate),
            ),
            Fact::new("two_sum_survives", two_sum(of(Kind::Ten), &a, &b)),
            Fact::new(
                "division_error",
                worst(Kind::Ten, &|a, b| a / b, &|r| r.quotient),
            ),
            Fact::new(
                "sqrt_error",
                worst(Kind::Wide, &|a, _| a.sqrt(), &|r| r.root),
            ),
            Fact::new(
                "exp_error",
                worst(Kind::Ten, &|a, _| a.exp(), &|r| r.exponential),
            ),
            Fact::new(
                "log_error",
                worst(Kind::Wide, &|a, _| a.ln(), &|r| r.logarithm),
            ),
        ])
    }
}

/// Distance from the right result in units of its last place; half of one is the best that can be.
fn ulps(actual: f32, right: f64) -> f64 {
    let exponent = libm::floor(libm::log2(right.abs())).max(-126.0);
    (f64::from(actual) - right).abs() / libm::exp2(exponent - 23.0)
}

fn nan_or_zero(results: &[Results], value: impl Fn(&Results) -> f32) -> Value {
    let values = || results.iter().map(&value);
    Value::Word(
        match (values().all(f32::is_nan), values().all(|v| v == 0.0)) {
            (true, _) => "nan",
            (_, true) => "zero",
            _ => "other",
        },
    )
}

/// Whether what a product rounds away is left of it. It is 0 for one sample in many, fused or not.
fn fused(results: &[Results], value: impl Fn(&Results) -> f32) -> Value {
    let left = results.iter().filter(|r| value(r) != 0.0).count();
    Value::Word(match left {
        0 => "no",
        _ if left > results.len() / 2 => "yes",
        _ => "sometimes",
    })
}

/// Whether the error term of a sum is what the sum rounded away, or was compiled to 0.
fn two_sum(results: &[Results], a: &[f32], b: &[f32]) -> Value {
    let right = Kind::Ten.range().zip(results).all(|(i, r)| {
        let exact = f64::from(a[i]) + f64::from(b[i]);
        f64::from(r.sum) + f64::from(r.error_term) == exact
    });
    Value::Is(right)
}
