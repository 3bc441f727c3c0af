// dx[n,c] = sum over k of dy[n,k] * w[c,k]
@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

// There is one outer loop, and the inner one is k.
fn row_at(row: u32) -> Row { return Row(row * INNER); }
struct Row { base: u32 }

fn left_at(row: Row, outer: u32) -> Spot { return Spot(row.base); }
struct Spot { base: u32 }

fn left(spot: Spot, inner: u32) -> f32 { return dy[spot.base + inner]; }

fn right_at(outer: u32) -> u32 { return 0u; }

fn right(origin: u32, inner: u32, column: u32) -> f32 { return w[column * INNER + inner]; }

fn store(row: u32, column: u32, slice: u32, sum: f32) { dx[row * COLUMNS + column] = sum; }
