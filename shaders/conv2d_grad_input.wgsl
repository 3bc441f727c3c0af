// dx[n,h,w,c] = sum over r,s,k of dy[n, (h+PAD-r)/STRIDE, (w+PAD-s)/STRIDE, k] * w[r,s,c,k], where the divisions are exact
@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

// A row is an input pixel (n, h, w).
struct Row { h: u32, w: u32, image: u32 }
fn row_at(row: u32) -> Row {
    return Row(row / W % H + PAD, row % W + PAD, row / (H * W) * P * Q);
}

// The outer loop is a tap (r, s), the inner one k.
struct Spot { base: u32, inside: bool }
fn left_at(row: Row, outer: u32) -> Spot {
    // A difference below zero wraps and is far past P * STRIDE, so one test catches both edges.
    let h = row.h - outer / KERNEL;
    let w = row.w - outer % KERNEL;
    let exact = STRIDE == 1u || (h % STRIDE == 0u && w % STRIDE == 0u);
    let inside = exact && h < P * STRIDE && w < Q * STRIDE;
    return Spot(select(0u, (row.image + h / STRIDE * Q + w / STRIDE) * K, inside), inside);
}

fn left(spot: Spot, inner: u32) -> f32 { return select(0.0, dy[spot.base + inner], spot.inside); }

fn right_at(outer: u32) -> u32 { return outer * C; }

fn right(origin: u32, inner: u32, column: u32) -> f32 { return w[(origin + column) * K + inner]; }

fn store(row: u32, column: u32, slice: u32, sum: f32) {
    dx[row * C + column] = sum;
}
