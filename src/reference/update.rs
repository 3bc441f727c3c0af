//! Twins of the optimisers [`Sgd`] and [`Adam`].

use super::prune::is_kept;
use super::{Bounded, EPSILON, SUM_TOLERANCE};
use crate::ops::{Adam, Fault, Sgd, StepParams};

/// What an optimiser reads, all of one length.
#[derive(Debug, Clone, Copy)]
pub struct Parameters<'a> {
    /// Before the step.
    pub w: &'a [f32],
    /// Gradients.
    pub dw: &'a [f32],
    /// One bit for each parameter, lowest first.
    pub mask: &'a [u32],
}

/// What an optimiser leaves; `S` is the number of its moments.
#[derive(Debug, Clone)]
pub struct Updated<const S: usize> {
    /// Parameters.
    pub w: Vec<Bounded>,
    /// Velocity, or first and second moment.
    pub moments: [Vec<Bounded>; S],
    /// Of the last four parameters that have one.
    pub fault: Option<Fault>,
}

/// Applies `rule(w, dw, moments)` to each parameter. A removed one, and its moments, are 0 whatever the gradient. Four
/// neighbours stay as they were if one that is kept has a gradient that is not finite, or would itself become, or have
/// a moment, that is not finite in f32.
fn update<const S: usize>(
    p: Parameters<'_>,
    moments: [&[f32]; S],
    rule: impl Fn(f64, f64, [f64; S]) -> (Bounded, [Bounded; S]),
) -> Updated<S> {
    let mut updated = Updated {
        w: Vec::new(),
        moments: [(); S].map(|()| Vec::new()),
        fault: None,
    };
    #[allow(clippy::cast_possible_truncation, reason = "overflow is what is asked")]
    let overflows = |new: &Bounded| !(new.value as f32).is_finite();
    for first in (0..p.w.len()).step_by(4) {
        let four = first..first + 4;
        let new = four.clone().map(|i| {
            let before = moments.map(|m| f64::from(m[i]));
            rule(p.w[i].into(), p.dw[i].into(), before)
        });
        let new: Vec<_> = new.collect();
        let mut kept = four.clone().filter(|&i| is_kept(p.mask, i));
        let position = u32::try_from(first).expect("positions are u32 on the device");
        let fault = if kept.clone().any(|i| !p.dw[i].is_finite()) {
            Some(Fault::Gradient(position))
        } else {
            let is_broken = kept.any(|i| {
                let (w, moments) = &new[i - first];
                overflows(w) || moments.iter().any(overflows)
            });
            is_broken.then_some(Fault::Update(position))
        };
        updated.fault = fault.or(updated.fault);
        for (i, new) in four.zip(new) {
            let (w, new_moments) = if fault.is_some() {
                let moments = moments.map(|m| Bounded::exact(m[i]));
                (Bounded::exact(p.w[i]), moments)
            } else if is_kept(p.mask, i) {
                new
            } else {
                (Bounded::exact(0.0), moments.map(|_| Bounded::exact(0.0)))
            };
            updated.w.push(w);
            for (list, moment) in updated.moments.iter_mut().zip(new_moments) {
                list.push(moment);
            }
        }
    }
    updated
}

/// `g = dw + decay·w`, `v = momentum·v + g`, `w = w - rate·v`, or with Nesterov `w - rate·(g + momentum·v)`.
///
/// All of it is sums of products, and the formula on magnitudes and minus the rate adds up their magnitudes.
pub fn sgd(s: &Sgd, step: &StepParams, parameters: Parameters<'_>, velocity: &[f32]) -> Updated<1> {
    let [momentum, decay] = [step.momentum, s.weight_decay].map(f64::from);
    let formula = |w: f64, dw: f64, v: f64, rate: f64| {
        let g = dw + decay * w;
        let v = momentum * v + g;
        let direction = if s.nesterov { g + momentum * v } else { v };
        (w - rate * direction, v)
    };
    let rate = f64::from(step.learning_rate);
    update(parameters, [velocity], |w, dw, [v]| {
        let (new_w, new_v) = formula(w, dw, v, rate);
        let (w_terms, v_terms) = formula(w.abs(), dw.abs(), v.abs(), -rate);
        (Bounded::sum(new_w, w_terms), [Bounded::sum(new_v, v_terms)])
    })
}

/// With momentum as `b1`: `g = dw + decay·w`, `m = b1·m + (1-b1)·g`, `v = b2·v + (1-b2)·g²`,
/// `w = w - rate · (m/correction1) / (sqrt(v/correction2) + epsilon)`; corrections are `1 - b1^t` and `1 - b2^t`.
///
/// `m` is a sum of products. `g²` has twice the relative error of `g`, which is large where the terms of `g` cancel;
/// since `(1-b2)·|g| <= sqrt(1-b2)·sqrt(v)`, it moves the denominator by `sqrt((1-b2)/correction2)` times the error
/// of `g` at most. The divisions (2.5 ulp each) and the root (about 5) stay within [`SUM_TOLERANCE`] of the change.
pub fn adam(
    s: &Adam,
    step: &StepParams,
    parameters: Parameters<'_>,
    moments: [&[f32]; 2],
) -> Updated<2> {
    let [b1, b2, epsilon, decay] =
        [step.momentum, s.beta_2, s.epsilon, s.weight_decay].map(f64::from);
    let [correction_1, correction_2] = [step.correction_1, step.correction_2].map(f64::from);
    let rate = f64::from(step.learning_rate);
    update(parameters, moments, |w, dw, [m, v]| {
        let g = dw + decay * w;
        let m_new = b1 * m + (1.0 - b1) * g;
        let v_new = b2 * v + (1.0 - b2) * g * g;
        let denominator = (v_new / correction_2).sqrt() + epsilon;
        let change = rate * (m_new / correction_1) / denominator;

        let g_terms = dw.abs() + decay * w.abs();
        let g_bound = 2.0 * EPSILON * g_terms;
        let m_bound = SUM_TOLERANCE * (b1 * m.abs() + (1.0 - b1) * g_terms);
        let v_bound = SUM_TOLERANCE * v_new + (1.0 - b2) * (2.0 * g.abs() + g_bound) * g_bound;
        let share = ((1.0 - b2) / correction_2).sqrt() * g_bound / denominator;
        let change_bound =
            rate * m_bound / correction_1 / denominator + change.abs() * (share + SUM_TOLERANCE);
        let bounded = |value, bound| Bounded { value, bound };
        (
            bounded(w - change, EPSILON * w.abs() + change_bound),
            [bounded(m_new, m_bound), bounded(v_new, v_bound)],
        )
    })
}
