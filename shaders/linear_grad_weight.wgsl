// dw[c,k] = sum over n of x[n,c] * dy[n,k]; dbias[k] = sum over n of dy[n,k]
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
override INPUTS: u32;

// A row is an input c; the one after the last is the bias, whose input is 1 everywhere.
struct Row { c: u32, is_bias: bool }
fn row_at(row: u32) -> Row { return Row(min(row, INPUTS - 1u), row == INPUTS); }

// The outer loop is n; there is one inner one.
struct Spot { index: u32, is_bias: bool }
fn left_at(row: Row, outer: u32) -> Spot { return Spot(outer * INPUTS + row.c, row.is_bias); }

fn left(spot: Spot, inner: u32) -> f32 { return select(x[spot.index], 1.0, spot.is_bias); }

fn right_at(outer: u32) -> u32 { return outer * COLUMNS; }

fn right(origin: u32, inner: u32, column: u32) -> f32 { return dy[origin + column]; }

// Each slice of the depth has sums of its own, which sum_slices adds up.
fn store(row: u32, column: u32, slice: u32, sum: f32) {
    sums[(slice * ROWS + row) * COLUMNS + column] = sum;
}
