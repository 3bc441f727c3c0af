// dx[n,c] = sum over k of dy[n,k] * w[c,k]
@group(0) @binding(0) var<storage, read> dy: array<Left>;
@group(0) @binding(1) var<storage, read> w: array<Right>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
override ADDS: bool;

const LEFT_ROWS = 1u; // both values are along k
const RIGHT_COLUMNS = 1u;

// There is one outer loop, and the inner one is k.
fn row_at(row: u32) -> Row { return Row(row * INNER / LEFT_WIDTH); }
struct Row { base: u32 }

fn left_at(row: Row, outer: u32) -> Spot { return Spot(row.base); }
struct Spot { base: u32 }
const MAY_MISS = false;
fn reaches(spot: Spot) -> bool { return true; }

fn left(spot: Spot, k: u32) -> Left { return dy[spot.base + k]; }

fn right_at(outer: u32) -> u32 { return 0u; }

fn right(origin: u32, k: u32, column: u32) -> Right { return w[column * (INNER / RIGHT_WIDTH) + k]; }

fn store(row: u32, column: u32, slice: u32, sum: f32) {
    let i = row * COLUMNS + column;
    if ADDS { dx[i] += sum; } else { dx[i] = sum; }
}
