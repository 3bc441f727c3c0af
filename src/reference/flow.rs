//! Twin of [`Flow`](crate::ops::Flow). Exact: the same bits on every adapter.

/// The factors of a place: that of these elements, and the product of it and what was before.
pub fn factor(x: &[f32], before: f32) -> [f32; 2] {
    let largest = x.iter().fold(0.0, |a: f32, &b| a.max(b));
    let own = match largest {
        0.0 => 1.0,
        _ => (-largest.log2().floor()).exp2(),
    };
    [own, before * own]
}

/// `x` times `factor`, a power of two.
pub fn rescale(factor: f32, x: &[f32]) -> Vec<f32> {
    x.iter().map(|x| x * factor).collect()
}

/// `x` without signs, times `product`, a power of two.
pub fn scaled(product: f32, x: &[f32]) -> Vec<f32> {
    x.iter().map(|x| x.abs() * product).collect()
}

/// `x` without signs.
pub fn absolute(x: &[f32]) -> Vec<f32> {
    x.iter().map(|value| value.abs()).collect()
}
