// y[n,p,q,k] = bias[k] + sum over r,s,c of x[n, p*STRIDE+r-PAD, q*STRIDE+s-PAD, c] * w[r,s,c,k]
@group(0) @binding(0) var<storage, read> x: array<Left>;
@group(0) @binding(1) var<storage, read> w: array<Right>;
@group(0) @binding(2) var<storage, read> bias: array<Out>;
@group(0) @binding(3) var<storage, read_write> y: array<Out>;
override HAS_BIAS: bool;

const LEFT_ROWS = 1u; // a left value is along c
const RIGHT_COLUMNS = RIGHT_WIDTH; // a right one along k

// A row is an output pixel (n, p, q); h, w and base are those of its window's corner and wrap below zero.
struct Row { h: u32, w: u32, base: u32 }
fn row_at(row: u32) -> Row {
    let h = row / Q % P * STRIDE - PAD;
    let w = row % Q * STRIDE - PAD;
    return Row(h, w, ((row / (P * Q) * H + h) * W + w) * C);
}

// The i-th pixel under windows that begin at this output pixel and slide along its row.
fn row_in_window(row: u32, i: u32) -> Row {
    let first = row_at(row);
    return Row(first.h, first.w + i, first.base + i * C);
}

// Without padding a row of the window is one stretch of memory, so the outer loop is r and the inner one (s, c);
// with padding they are (r, s) and c.
override PADDED: bool = PAD > 0u;

struct Spot { base: u32, inside: bool }
fn left_at(row: Row, outer: u32) -> Spot {
    let r = select(outer, outer / KERNEL, PADDED);
    let s = select(0u, outer % KERNEL, PADDED);
    let inside = !PADDED || (row.h + r < H && row.w + s < W);
    return Spot(select(0u, (row.base + (r * W + s) * C) / LEFT_WIDTH, inside), inside);
}
override MAY_MISS: bool = PAD > 0u;
fn reaches(spot: Spot) -> bool { return spot.inside; }

fn left(spot: Spot, inner: u32) -> Left { return select(Left(0.0), x[spot.base + inner], spot.inside); }

fn right_at(outer: u32) -> u32 { return outer * INNER; }

fn right(origin: u32, inner: u32, column: u32) -> Right { return w[(origin + inner) * (K / RIGHT_WIDTH) + column]; }

fn store(row: u32, column: u32, z: u32, sum: Out) {
    y[(row * K + column) / OUT_WIDTH] = sum + select(Out(0.0), bias[column / OUT_WIDTH], HAS_BIAS);
}
