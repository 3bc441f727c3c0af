// y[b,n,k] = bias[k] + sum over c of x[b,n,c] * w[b,c,k], rows as row_beside has them
@group(0) @binding(0) var<storage, read> x: array<Left>;
@group(0) @binding(1) var<storage, read> w: array<Right>;
@group(0) @binding(2) var<storage, read> bias: array<Out>;
@group(0) @binding(3) var<storage, read_write> y: array<Out>;
override HAS_BIAS: bool;

const LEFT_ROWS = 1u; // a left value is along c
const RIGHT_COLUMNS = RIGHT_WIDTH; // a right one along k

// There is one outer loop, and the inner one is c.
fn row_at(row: u32) -> Row { return Row(row_beside(row, ROWS, batch) * INNER / LEFT_WIDTH); }
struct Row { base: u32 }

fn left_at(row: Row, outer: u32) -> Spot { return Spot(row.base); }
struct Spot { base: u32 }
const MAY_MISS = false;
fn reaches(spot: Spot) -> bool { return true; }

fn left(spot: Spot, c: u32) -> Left { return x[spot.base + c]; }

fn right_at(outer: u32) -> u32 { return row_beside(0u, INNER, batch); }

fn right(origin: u32, c: u32, column: u32) -> Right { return w[(origin + c * BESIDE) * (COLUMNS / RIGHT_WIDTH) + column]; }

fn store(row: u32, column: u32, z: u32, sum: Out) {
    y[(row_beside(row, ROWS, z) * COLUMNS + column) / OUT_WIDTH] = sum + select(Out(0.0), bias[column / OUT_WIDTH], HAS_BIAS);
}
