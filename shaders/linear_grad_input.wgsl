// dx[b,n,c] = sum over k of dy[b,n,k] * w[b,c,k], rows as row_beside has them
@group(0) @binding(0) var<storage, read> dy: array<Left>;
@group(0) @binding(1) var<storage, read> w: array<Right>;
@group(0) @binding(2) var<storage, read_write> dx: array<Out>;
override ADDS: bool;

const LEFT_ROWS = 1u; // both values are along k
const RIGHT_COLUMNS = 1u;

// There is one outer loop, and the inner one is k.
fn row_at(row: u32) -> Row { return Row(row_beside(row, ROWS, batch) * INNER / LEFT_WIDTH); }
struct Row { base: u32 }

fn left_at(row: Row, outer: u32) -> Spot { return Spot(row.base); }
struct Spot { base: u32 }
const MAY_MISS = false;
fn reaches(spot: Spot) -> bool { return true; }

fn left(spot: Spot, k: u32) -> Left { return dy[spot.base + k]; }

fn right_at(outer: u32) -> u32 { return row_beside(0u, COLUMNS, batch); }

fn right(origin: u32, k: u32, column: u32) -> Right { return w[(origin + column * BESIDE) * (INNER / RIGHT_WIDTH) + k]; }

fn store(row: u32, column: u32, z: u32, sum: Out) {
    let i = (row_beside(row, ROWS, z) * COLUMNS + column) / OUT_WIDTH;
    if ADDS { dx[i] += sum; } else { dx[i] = sum; }
}
