// Sums over outer and inner of left * right, for each row and column. The kernel above says what these are:
// row_at(row), left_at(row, outer) and right_at(outer) prepare what stays the same in the loops inside theirs.
// A workgroup is one subgroup of LANES. Each lane owns TILE_ROWS rows, LANES apart, and all TILE_COLUMNS
// columns; a right value is loaded by one lane and shuffled to all. The arrays are indexed by constants
// once the loops over the tile are unrolled, so they live in registers.
override ROWS: u32;
override COLUMNS: u32;
override OUTER: u32;
override INNER: u32;
override SLICE: u32; // how much of OUTER one z of the grid adds up
override LANES: u32; // divides TILE_COLUMNS

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let column_tiles = (COLUMNS + TILE_COLUMNS - 1u) / TILE_COLUMNS;
    let tile = group.y * groups.x + group.x;
    // Tiles past the end repeat the last row and store nothing; all lanes must stay for the shuffles.
    let first_row = tile / column_tiles * TILE_ROWS * LANES + lane;
    let first_column = tile % column_tiles * TILE_COLUMNS;

    var rows: array<Row, TILE_ROWS>;
    for (var i = 0u; i < TILE_ROWS; i++) { rows[i] = row_at(min(first_row + i * LANES, ROWS - 1u)); }
    var sums: array<array<f32, TILE_COLUMNS>, TILE_ROWS>;
    var columns: array<u32, TILE_COLUMNS>; // of this lane, one for each part
    for (var part = 0u; part < TILE_COLUMNS / LANES; part++) {
        columns[part] = min(first_column + part * LANES + lane, COLUMNS - 1u);
    }
    let end = min((group.z + 1u) * SLICE, OUTER);
    for (var outer = group.z * SLICE; outer < end; outer++) {
        var spots: array<Spot, TILE_ROWS>;
        for (var i = 0u; i < TILE_ROWS; i++) { spots[i] = left_at(rows[i], outer); }
        let origin = right_at(outer);
        for (var inner = 0u; inner < INNER; inner++) {
            var values: array<f32, TILE_ROWS>;
            for (var i = 0u; i < TILE_ROWS; i++) { values[i] = left(spots[i], inner); }
            for (var part = 0u; part < TILE_COLUMNS / LANES; part++) {
                let mine = right(origin, inner, columns[part]);
                for (var j = 0u; j < LANES; j++) {
                    let value = subgroupShuffle(mine, j);
                    for (var i = 0u; i < TILE_ROWS; i++) {
                        sums[i][part * LANES + j] = fma(values[i], value, sums[i][part * LANES + j]);
                    }
                }
            }
        }
    }
    for (var i = 0u; i < TILE_ROWS; i++) {
        for (var j = 0u; j < TILE_COLUMNS; j++) {
            if first_row + i * LANES < ROWS && first_column + j < COLUMNS {
                store(first_row + i * LANES, first_column + j, group.z, sums[i][j]);
            }
        }
    }
}
