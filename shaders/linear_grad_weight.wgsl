// dw[c,k] = sum over n of x[n,c] * dy[n,k]; dbias[k] = sum over n of dy[n,k]
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
override INPUTS: u32;

// A row is an input c; the one after the last is the bias, whose input is 1 everywhere.
struct Row { c: u32, is_bias: bool }
fn row_at(row: u32) -> Row { return Row(min(row, INPUTS - 1u), row == INPUTS); }

struct Depth { n: u32 }
fn depth_at(d: u32) -> Depth { return Depth(d); }

fn left(row: Row, at: Depth) -> f32 { return select(x[at.n * INPUTS + row.c], 1.0, row.is_bias); }

fn right(at: Depth, column: u32) -> f32 { return dy[at.n * COLUMNS + column]; }

// Each slice of the depth has sums of its own, which sum_slices adds up.
fn store(row: u32, column: u32, slice: u32, sum: f32) {
    sums[(slice * ROWS + row) * COLUMNS + column] = sum;
}
