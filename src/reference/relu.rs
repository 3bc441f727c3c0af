//! Twin of [`Relu`](crate::ops::Relu). It chooses and computes nothing, so it is exact.

/// `y = max(x, 0)`
pub fn forward(x: &[f32]) -> Vec<f32> {
    x.iter().map(|&x| if x > 0.0 { x } else { 0.0 }).collect()
}

/// `dx = dy` where `y > 0`, else 0.
pub fn grad_input(y: &[f32], dy: &[f32]) -> Vec<f32> {
    let pairs = y.iter().zip(dy);
    pairs
        .map(|(&y, &dy)| if y > 0.0 { dy } else { 0.0 })
        .collect()
}
