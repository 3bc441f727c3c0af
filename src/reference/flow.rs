//! Twin of [`Flow`](crate::ops::Flow). Exact: the same bits on every adapter.

/// So many of one value.
pub fn fill(value: f32, length: usize) -> Vec<f32> {
    vec![value; length]
}

/// `x` without signs, times `value`, a power of two.
pub fn scaled(value: f32, x: &[f32]) -> Vec<f32> {
    x.iter().map(|x| x.abs() * value).collect()
}

/// `x` without signs.
pub fn absolute(x: &[f32]) -> Vec<f32> {
    x.iter().map(|value| value.abs()).collect()
}
