// Sums over outer and inner of left * right, for each row and column. The kernel above says what these are, see
// product_block, and more:
// A left value is LEFT_WIDTH numbers, LEFT_ROWS rows by LEFT_STEPS inner steps, and a right one RIGHT_WIDTH numbers,
// RIGHT_COLUMNS columns by RIGHT_STEPS inner steps; OUT_WIDTH columns are stored at once. If MAY_MISS, what is left is 0
// wherever reaches(spot) is false.
// A workgroup is one subgroup of LANES. Each lane owns TILE_ROWS rows, LEFT_ROWS of them side by side and the next ones
// ROW_STRIDE on, and all columns of the tile, PARTS * LANES * RIGHT_COLUMNS; a right value is loaded by one lane and
// broadcast to all. WINDOW outer steps are taken at once, in which the rows of a lane read left values STEP apart: those of
// a window that slides along them, see conv2d_forward; it is 1 where nothing slides.
// The sums live in registers once every loop over the tile is unrolled. One driver is certain to do so only where
// the loop's variable indexes an array of as many elements as the loop has turns, so the arrays have just that shape.
// Their lengths and types, which cannot be overrides, are constants that src/ops/product/text.rs adds to this text, with
// of_lanes, loaded_row, tap_of, multiply_parts, multiply_window and store_parts.

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let column_tiles = (COLUMNS + TILE_COLUMNS - 1u) / TILE_COLUMNS;
    let tile = group.y * groups.x + group.x;
    // Tiles past the end repeat the last row and store nothing; all lanes must stay for the broadcasts.
    let first_row = tile / column_tiles * TILE_ROWS * LANES + lane * LANE_STRIDE;
    let first_column = tile % column_tiles * TILE_COLUMNS;

    batch = group.z % BATCH;
    var rows: array<Row, LEFT_LOADS>;
    for (var i = 0u; i < LEFT_LOADS; i++) { rows[i] = loaded_row(first_row, i); }
    for (var part = 0u; part < PARTS; part++) {
        columns[part] = min(first_column / RIGHT_COLUMNS + part * LANES + lane, (COLUMNS - 1u) / RIGHT_COLUMNS);
    }
    let slice = group.z / BATCH;
    let end = min((slice + 1u) * SLICE, OUTER);
    for (var outer = slice * SLICE; outer < end; outer++) {
        var spots: array<Spot, LEFT_LOADS>;
        var reached = false;
        for (var i = 0u; i < LEFT_LOADS; i++) {
            spots[i] = left_at(rows[i], outer * WINDOW + tap_of(0u));
            reached |= reaches(spots[i]);
        }
        var turns = INNER / STEPS;
        if MAY_MISS { turns = select(0u, turns, subgroupAny(reached)); }
        for (var turn = 0u; turn < turns; turn++) {
            for (var load = 0u; load < LEFT_TURNS; load++) {
                for (var i = 0u; i < LEFT_LOADS; i++) {
                    let value = left(spots[i], turn * LEFT_TURNS + load);
                    for (var q = 0u; q < LEFT_WIDTH; q++) { lefts[load][i][q] = left_part(value, q); }
                }
            }
            multiply_window(outer, turn);
        }
    }
    store_parts(first_row, first_column, group.z);
}
