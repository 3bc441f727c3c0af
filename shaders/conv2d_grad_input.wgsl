// dx[n,h,w,c] = sum over r,s,k of dy[n, (h+PAD-r)/STRIDE, (w+PAD-s)/STRIDE, k] * w[r,s,c,k], where the divisions are exact
@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

// A row is an input pixel (n, h, w).
struct Row { h: u32, w: u32, image: u32 }
fn row_at(row: u32) -> Row {
    return Row(row / W % H + PAD, row % W + PAD, row / (H * W) * P * Q);
}

// The depth is a tap and output channel (r, s, k).
struct Depth { r: u32, s: u32, k: u32 }
fn depth_at(d: u32) -> Depth {
    return Depth(d / (KERNEL * K), d / K % KERNEL, d % K);
}

fn left(row: Row, at: Depth) -> f32 {
    // A difference below zero wraps and is far past P * STRIDE, so one test catches both edges.
    let h = row.h - at.r;
    let w = row.w - at.s;
    let exact = STRIDE == 1u || (h % STRIDE == 0u && w % STRIDE == 0u);
    let inside = exact && h < P * STRIDE && w < Q * STRIDE;
    let index = (row.image + h / STRIDE * Q + w / STRIDE) * K + at.k;
    return select(0.0, dy[select(0u, index, inside)], inside);
}

fn right(at: Depth, column: u32) -> f32 {
    return w[((at.r * KERNEL + at.s) * C + column) * K + at.k];
}

fn store(row: u32, column: u32, slice: u32, sum: f32) {
    dx[row * C + column] = sum;
}
