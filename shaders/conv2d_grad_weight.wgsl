// dw[r,s,c,k] = sum over n,p,q of x[n, p*STRIDE+r-PAD, q*STRIDE+s-PAD, c] * dy[n,p,q,k]; dbias[k] = sum over n,p,q of dy[n,p,q,k]
@group(0) @binding(0) var<storage, read> x: array<Left>;
@group(0) @binding(1) var<storage, read> dy: array<Right>;
@group(0) @binding(2) var<storage, read_write> dw: array<Out>; // if SLICED, sums of each slice, which sum_slices adds up
@group(0) @binding(3) var<storage, read_write> dbias: array<Out>;
override SLICED: bool;

const LEFT_ROWS = LEFT_WIDTH; // a left value is along c
const RIGHT_COLUMNS = RIGHT_WIDTH; // a right one along k

override TAPS: u32 = KERNEL * KERNEL * C;

// A row is a tap (r, s, c); the one after the last is the bias, whose input is 1 everywhere.
struct Row { r: u32, s: u32, offset: u32, is_bias: bool }
fn row_at(row: u32) -> Row {
    let r = row / (KERNEL * C);
    let s = row / C % KERNEL;
    return Row(r, s, (r * W + s) * C + row % C, row >= TAPS);
}

// The outer loop is a row of output pixels (n, p), the inner one q.
struct Spot { base: u32, w: u32, inside: bool, is_bias: bool }
fn left_at(row: Row, outer: u32) -> Spot {
    let h = outer % P * STRIDE - PAD; // wraps below zero, as does the base
    let inside = !row.is_bias && (PAD == 0u || h + row.r < H);
    return Spot(((outer / P * H + h) * W - PAD) * C + row.offset, row.s - PAD, inside, row.is_bias);
}
const MAY_MISS = false;
fn reaches(spot: Spot) -> bool { return true; }

fn left(spot: Spot, q: u32) -> Left {
    let inside = spot.inside && (PAD == 0u || spot.w + q * STRIDE < W);
    let value = x[select(0u, (spot.base + q * STRIDE * C) / LEFT_WIDTH, inside)];
    return select(select(Left(0.0), Left(1.0), spot.is_bias), value, inside);
}

fn right_at(outer: u32) -> u32 { return outer * Q; }

fn right(origin: u32, q: u32, column: u32) -> Right { return dy[(origin + q) * (K / RIGHT_WIDTH) + column]; }

fn store(row: u32, column: u32, z: u32, sum: Out) {
    if SLICED || row < TAPS {
        dw[((z * ROWS + row) * K + column) / OUT_WIDTH] = sum;
    } else {
        dbias[column / OUT_WIDTH] = sum;
    }
}
