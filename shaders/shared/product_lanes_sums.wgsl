// The sums of a lane in product_lanes, and what a turn of its loops does to them.

const LEFT_LOADS = (TILE_ROWS / LEFT_ROWS - 1u) * STEP + WINDOW;
const TILE_COLUMNS = PARTS * LANES * RIGHT_COLUMNS;
// Inner steps that one value holds, and how many values make a turn of the inner loop, which takes STEPS.
const LEFT_STEPS = LEFT_WIDTH / LEFT_ROWS;
const RIGHT_STEPS = RIGHT_WIDTH / RIGHT_COLUMNS;
const LEFT_TURNS = STEPS / LEFT_STEPS;
const RIGHT_TURNS = STEPS / RIGHT_STEPS;
const_assert LEFT_TURNS * LEFT_STEPS == STEPS && RIGHT_TURNS * RIGHT_STEPS == STEPS;
const_assert TILE_ROWS % LEFT_ROWS == 0u;
// Lanes whose columns make a value that is stored, and how many of those a part has.
const OUT_LANES = OUT_WIDTH / RIGHT_COLUMNS;
const OUTS = LANES / OUT_LANES;
const_assert OUT_LANES * RIGHT_COLUMNS == OUT_WIDTH && OUTS * OUT_LANES == LANES;
// What the lanes have is kept in vectors: llvmpipe compares every two elements of an array, in each process.
const VECTORS = LANES / 4u;
const_assert VECTORS * 4u == LANES;

var<private> sums: array<array<array<array<vec4<f32>, VECTORS>, PARTS>, RIGHT_COLUMNS>, TILE_ROWS>;
var<private> lefts: array<array<array<f32, LEFT_WIDTH>, LEFT_LOADS>, LEFT_TURNS>;
var<private> rights: array<array<array<f32, RIGHT_WIDTH>, RIGHT_TURNS>, PARTS>;
var<private> columns: array<u32, PARTS>; // in right values

// Adds the products of a turn to the sums of one of the columns that a part's lanes have each.
fn multiply(part: u32, q: u32, tap: u32) {
    var ones: array<array<vec4<f32>, VECTORS>, STEPS>;
    for (var step = 0u; step < STEPS; step++) {
        ones[step] = of_lanes(rights[part][step / RIGHT_STEPS][q + step % RIGHT_STEPS]);
    }
    for (var j = 0u; j < VECTORS; j++) {
        for (var i = 0u; i < TILE_ROWS; i++) {
            var sum = sums[i][q][part][j];
            for (var step = 0u; step < STEPS; step++) {
                let values = &lefts[step / LEFT_STEPS][i / LEFT_ROWS * STEP + tap];
                sum = fma(vec4((*values)[i % LEFT_ROWS + step % LEFT_STEPS]), ones[step][j], sum);
            }
            sums[i][q][part][j] = sum;
        }
    }
}

// Takes one of the outer steps of a window.
fn multiply_tap(outer: u32, turn: u32, tap: u32) {
    let origin = right_at(outer * WINDOW + tap_of(tap));
    // A load is a walk over the lanes with branches: all of them before the sums, which are one long block then.
    for (var part = 0u; part < PARTS; part++) {
        for (var load = 0u; load < RIGHT_TURNS; load++) {
            let value = right(origin, turn * RIGHT_TURNS + load, columns[part]);
            for (var q = 0u; q < RIGHT_WIDTH; q++) { rights[part][load][q] = right_part(value, q); }
        }
    }
    multiply_parts(tap);
}

// Stores the sums of a part.
fn store_part(part: u32, first_row: u32, first_column: u32, z: u32) {
    for (var i = 0u; i < TILE_ROWS; i++) {
        let row = first_row + i / LEFT_ROWS * ROW_STRIDE + i % LEFT_ROWS;
        var outs: array<array<f32, OUT_WIDTH>, OUTS>;
        for (var j = 0u; j < OUTS; j++) {
            for (var o = 0u; o < OUT_WIDTH; o++) {
                let lane = j * OUT_LANES + o / RIGHT_COLUMNS;
                outs[j][o] = sums[i][o % RIGHT_COLUMNS][part][lane / 4u][lane % 4u];
            }
        }
        for (var j = 0u; j < OUTS; j++) {
            let column = first_column + (part * OUTS + j) * OUT_WIDTH;
            if row < ROWS && column < COLUMNS { store(row, column, z, out_of(outs[j])); }
        }
    }
}
