// dw[r,s,c,k] = sum over n,p,q of x[n, p*STRIDE+r-PAD, q*STRIDE+s-PAD, c] * dy[n,p,q,k]; dbias[k] = sum over n,p,q of dy[n,p,q,k]
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;

override TAPS: u32 = KERNEL * KERNEL * C;

// A row is a tap (r, s, c); the one after the last is the bias, whose input is 1 everywhere.
struct Row { r: u32, s: u32, offset: u32, is_bias: bool }
fn row_at(row: u32) -> Row {
    let r = row / (KERNEL * C);
    let s = row / C % KERNEL;
    return Row(r, s, (r * W + s) * C + row % C, row == TAPS);
}

// The depth is an output pixel (n, p, q); h, w and base are those of its window's corner and wrap below zero.
struct Depth { h: u32, w: u32, base: u32, pixel: u32 }
fn depth_at(d: u32) -> Depth {
    let h = d / Q % P * STRIDE - PAD;
    let w = d % Q * STRIDE - PAD;
    return Depth(h, w, ((d / (P * Q) * H + h) * W + w) * C, d * K);
}

fn left(row: Row, at: Depth) -> f32 {
    let inside = !row.is_bias && (PAD == 0u || (at.h + row.r < H && at.w + row.s < W));
    return select(select(0.0, 1.0, row.is_bias), x[select(0u, at.base + row.offset, inside)], inside);
}

fn right(at: Depth, column: u32) -> f32 {
    return dy[at.pixel + column];
}

// Each slice of the depth has sums of its own, which sum_slices adds up.
fn store(row: u32, column: u32, slice: u32, sum: f32) {
    sums[(slice * ROWS + row) * K + column] = sum;
}
