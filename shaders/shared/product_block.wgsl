// Sums over outer and inner of left * right, for each row and column. The kernel above says what these are:
// row_at(row), left_at(row, outer) and right_at(outer) prepare what stays the same in the loops inside theirs.
// Each invocation owns a block of TILE_ROWS x TILE_COLUMNS sums, and left and right values are single numbers.
// The arrays are indexed by constants once the loops over the tile are unrolled, so they live in registers.
override WORKGROUP_SIZE: u32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let column_tiles = (COLUMNS + TILE_COLUMNS - 1u) / TILE_COLUMNS;
    let tile = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let first_row = tile / column_tiles * TILE_ROWS;
    let first_column = tile % column_tiles * TILE_COLUMNS;
    if first_row >= ROWS { return; }

    batch = id.z % BATCH;
    var rows: array<Row, TILE_ROWS>;
    for (var i = 0u; i < TILE_ROWS; i++) { rows[i] = row_at(min(first_row + i, ROWS - 1u)); }
    var sums: array<array<f32, TILE_COLUMNS>, TILE_ROWS>;
    let slice = id.z / BATCH;
    let end = min((slice + 1u) * SLICE, OUTER);
    for (var outer = slice * SLICE; outer < end; outer++) {
        var spots: array<Spot, TILE_ROWS>;
        for (var i = 0u; i < TILE_ROWS; i++) { spots[i] = left_at(rows[i], outer); }
        let origin = right_at(outer);
        for (var inner = 0u; inner < INNER; inner++) {
            var values: array<f32, TILE_ROWS>;
            for (var i = 0u; i < TILE_ROWS; i++) { values[i] = left(spots[i], inner); }
            for (var j = 0u; j < TILE_COLUMNS; j++) {
                let value = right(origin, inner, min(first_column + j, COLUMNS - 1u));
                for (var i = 0u; i < TILE_ROWS; i++) { sums[i][j] = fma(values[i], value, sums[i][j]); }
            }
        }
    }
    for (var i = 0u; i < TILE_ROWS; i++) {
        for (var j = 0u; j < TILE_COLUMNS; j++) {
            if first_row + i < ROWS && first_column + j < COLUMNS {
                store(first_row + i, first_column + j, id.z, Out(sums[i][j]));
            }
        }
    }
}
