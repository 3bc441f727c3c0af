// dw[b,c,k] = sum over n of x[b,n,c] * dy[b,n,k]; dbias[k] = sum over n of dy[n,k]; rows as row_beside has them
@group(0) @binding(0) var<storage, read> x: array<Left>;
@group(0) @binding(1) var<storage, read> dy: array<Right>;
@group(0) @binding(2) var<storage, read_write> dw: array<Out>; // if SLICED, sums of each slice, which sum_slices adds up
@group(0) @binding(3) var<storage, read_write> dbias: array<Out>;
override SLICED: bool;
override INPUTS: u32;

const LEFT_ROWS = LEFT_WIDTH; // a left value is along c
const RIGHT_COLUMNS = RIGHT_WIDTH; // a right one along k

// A row is an input c; the one after the last is the bias, whose input is 1 everywhere.
struct Row { c: u32, is_bias: bool }
fn row_at(row: u32) -> Row { return Row(min(row, INPUTS - LEFT_WIDTH), row >= INPUTS); }

// Both loops together are n.
struct Spot { index: u32, is_bias: bool }
fn left_at(row: Row, outer: u32) -> Spot {
    return Spot((right_at(outer) * INPUTS + row.c) / LEFT_WIDTH, row.is_bias);
}
const MAY_MISS = false;
fn reaches(spot: Spot) -> bool { return true; }

fn left(spot: Spot, inner: u32) -> Left {
    return select(x[spot.index + inner * (BESIDE * INPUTS / LEFT_WIDTH)], Left(1.0), spot.is_bias);
}

fn right_at(outer: u32) -> u32 { return row_beside(outer * INNER, OUTER * INNER, batch); }

fn right(origin: u32, inner: u32, column: u32) -> Right { return dy[(origin + inner * BESIDE) * (COLUMNS / RIGHT_WIDTH) + column]; }

fn store(row: u32, column: u32, z: u32, sum: Out) {
    if SLICED || row < INPUTS {
        dw[(row_beside(row, ROWS, z) * COLUMNS + column) / OUT_WIDTH] = sum;
    } else {
        dbias[column / OUT_WIDTH] = sum;
    }
}
