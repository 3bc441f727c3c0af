// dx[n,c] = sum over k of dy[n,k] * w[c,k]
@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

struct Row { base: u32 }
fn row_at(row: u32) -> Row { return Row(row * DEPTH); }

struct Depth { k: u32 }
fn depth_at(d: u32) -> Depth { return Depth(d); }

fn left(row: Row, at: Depth) -> f32 { return dy[row.base + at.k]; }

fn right(at: Depth, column: u32) -> f32 { return w[column * DEPTH + at.k]; }

fn store(row: u32, column: u32, slice: u32, sum: f32) { dx[row * COLUMNS + column] = sum; }
