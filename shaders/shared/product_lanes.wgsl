// Sums over outer and inner of left * right, for each row and column. The kernel above says what these are, see
// product_block, and more:
// A left value is LEFT_WIDTH numbers, LEFT_ROWS rows by LEFT_STEPS inner steps, and a right one RIGHT_WIDTH numbers,
// RIGHT_COLUMNS columns by RIGHT_STEPS inner steps; OUT_WIDTH columns are stored at once. If MAY_MISS, what is left is 0
// wherever reaches(spot) is false.
// A workgroup is one subgroup of LANES. Each lane owns TILE_ROWS rows and all columns of the tile,
// PARTS * LANES * RIGHT_COLUMNS; a right value is loaded by one lane and broadcast to all.
// The sums live in registers once every loop over the tile is unrolled. One driver is certain to do so only where
// the loop's variable indexes an array of as many elements as the loop has turns, so the arrays have just that shape,
// and their lengths and types, which cannot be overrides, are constants that src/ops/product.rs adds to this text.

const LEFT_LOADS = TILE_ROWS / LEFT_ROWS;
const TILE_COLUMNS = PARTS * LANES * RIGHT_COLUMNS;
// Inner steps that one value holds, and how many values make a turn of the inner loop, which takes STEPS.
const LEFT_STEPS = LEFT_WIDTH / LEFT_ROWS;
const RIGHT_STEPS = RIGHT_WIDTH / RIGHT_COLUMNS;
const LEFT_TURNS = STEPS / LEFT_STEPS;
const RIGHT_TURNS = STEPS / RIGHT_STEPS;
const_assert LEFT_TURNS * LEFT_STEPS == STEPS && RIGHT_TURNS * RIGHT_STEPS == STEPS;
const_assert LEFT_LOADS * LEFT_ROWS == TILE_ROWS;
// Lanes whose columns make a value that is stored, and how many of those a part has.
const OUT_LANES = OUT_WIDTH / RIGHT_COLUMNS;
const OUTS = LANES / OUT_LANES;
const_assert OUT_LANES * RIGHT_COLUMNS == OUT_WIDTH && OUTS * OUT_LANES == LANES;
// What the lanes have is kept in vectors: drivers compare each element of an array with each other one, which took longer
// than all else at the start when there were four times as many.
const VECTORS = LANES / 4u;

var<private> sums: array<array<array<array<vec4<f32>, VECTORS>, PARTS>, RIGHT_COLUMNS>, TILE_ROWS>;
var<private> lefts: array<array<array<f32, LEFT_WIDTH>, LEFT_LOADS>, LEFT_TURNS>;
var<private> rights: array<array<array<f32, RIGHT_WIDTH>, RIGHT_TURNS>, PARTS>;

// Adds the products of a turn to the sums of one of the columns that a part's lanes have each.
fn multiply(part: u32, q: u32) {
    var ones: array<array<vec4<f32>, VECTORS>, STEPS>;
    for (var step = 0u; step < STEPS; step++) {
        ones[step] = of_lanes(rights[part][step / RIGHT_STEPS][q + step % RIGHT_STEPS]);
    }
    for (var j = 0u; j < VECTORS; j++) {
        for (var i = 0u; i < TILE_ROWS; i++) {
            var sum = sums[i][q][part][j];
            for (var step = 0u; step < STEPS; step++) {
                let other = lefts[step / LEFT_STEPS][i / LEFT_ROWS][i % LEFT_ROWS + step % LEFT_STEPS];
                sum = fma(vec4(other), ones[step][j], sum);
            }
            sums[i][q][part][j] = sum;
        }
    }
}

// Stores the sums of a part.
fn store_part(part: u32, first_row: u32, first_column: u32, z: u32) {
    for (var i = 0u; i < TILE_ROWS; i++) {
        let row = first_row + i / LEFT_ROWS * LANES * LEFT_ROWS + i % LEFT_ROWS;
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

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let column_tiles = (COLUMNS + TILE_COLUMNS - 1u) / TILE_COLUMNS;
    let tile = group.y * groups.x + group.x;
    // Tiles past the end repeat the last row and store nothing; all lanes must stay for the broadcasts.
    let first_row = tile / column_tiles * TILE_ROWS * LANES + lane * LEFT_ROWS;
    let first_column = tile % column_tiles * TILE_COLUMNS;

    batch = group.z % BATCH;
    var rows: array<Row, LEFT_LOADS>;
    for (var i = 0u; i < LEFT_LOADS; i++) {
        rows[i] = row_at(min(first_row + i * LANES * LEFT_ROWS, (ROWS - 1u) / LEFT_ROWS * LEFT_ROWS));
    }
    var columns: array<u32, PARTS>; // in right values
    for (var part = 0u; part < PARTS; part++) {
        columns[part] = min(first_column / RIGHT_COLUMNS + part * LANES + lane, (COLUMNS - 1u) / RIGHT_COLUMNS);
    }
    let slice = group.z / BATCH;
    let end = min((slice + 1u) * SLICE, OUTER);
    for (var outer = slice * SLICE; outer < end; outer++) {
        var spots: array<Spot, LEFT_LOADS>;
        var reached = false;
        for (var i = 0u; i < LEFT_LOADS; i++) {
            spots[i] = left_at(rows[i], outer);
            reached |= reaches(spots[i]);
        }
        let origin = right_at(outer);
        var turns = INNER / STEPS;
        if MAY_MISS { turns = select(0u, turns, subgroupAny(reached)); }
        for (var turn = 0u; turn < turns; turn++) {
            for (var load = 0u; load < LEFT_TURNS; load++) {
                for (var i = 0u; i < LEFT_LOADS; i++) {
                    let value = left(spots[i], turn * LEFT_TURNS + load);
                    for (var q = 0u; q < LEFT_WIDTH; q++) { lefts[load][i][q] = left_part(value, q); }
                }
            }
            // A load is a walk over the lanes with branches: all of them before the sums, which are one long block then.
            for (var part = 0u; part < PARTS; part++) {
                for (var load = 0u; load < RIGHT_TURNS; load++) {
                    let value = right(origin, turn * RIGHT_TURNS + load, columns[part]);
                    for (var q = 0u; q < RIGHT_WIDTH; q++) { rights[part][load][q] = right_part(value, q); }
                }
            }
            multiply_parts();
        }
    }
    store_parts(first_row, first_column, group.z);
}
