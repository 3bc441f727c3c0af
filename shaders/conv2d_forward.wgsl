// y[n,p,q,k] = bias[k] + sum over r,s,c of x[n, p*STRIDE+r-PAD, q*STRIDE+s-PAD, c] * w[r,s,c,k]
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
override HAS_BIAS: bool;

// A row is an output pixel (n, p, q); h, w and base are those of its window's corner and wrap below zero.
struct Row { h: u32, w: u32, base: u32 }
fn row_at(row: u32) -> Row {
    let h = row / Q % P * STRIDE - PAD;
    let w = row % Q * STRIDE - PAD;
    return Row(h, w, ((row / (P * Q) * H + h) * W + w) * C);
}

// The depth is a tap (r, s, c).
struct Depth { r: u32, s: u32, offset: u32, weight: u32 }
fn depth_at(d: u32) -> Depth {
    let r = d / (KERNEL * C);
    let s = d / C % KERNEL;
    return Depth(r, s, (r * W + s) * C + d % C, d * K);
}

fn left(row: Row, at: Depth) -> f32 {
    let inside = PAD == 0u || (row.h + at.r < H && row.w + at.s < W);
    return select(0.0, x[select(0u, row.base + at.offset, inside)], inside);
}

fn right(at: Depth, column: u32) -> f32 {
    return w[at.weight + column];
}

fn store(row: u32, column: u32, slice: u32, sum: f32) {
    y[row * K + column] = sum + select(0.0, bias[column], HAS_BIAS);
}
