// y[n,k] = bias[k] + sum over c of x[n,c] * w[c,k]
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
override HAS_BIAS: bool;

struct Row { base: u32 }
fn row_at(row: u32) -> Row { return Row(row * DEPTH); }

struct Depth { c: u32 }
fn depth_at(d: u32) -> Depth { return Depth(d); }

fn left(row: Row, at: Depth) -> f32 { return x[row.base + at.c]; }

fn right(at: Depth, column: u32) -> f32 { return w[at.c * COLUMNS + column]; }

fn store(row: u32, column: u32, slice: u32, sum: f32) {
    y[row * COLUMNS + column] = sum + select(0.0, bias[column], HAS_BIAS);
}
