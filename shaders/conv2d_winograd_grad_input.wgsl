// dx = the sum of B dv Bt over the tiles whose 6 x 6 pixels hold it: conv2d_winograd_input transposed
@group(0) @binding(0) var<storage, read> dv: array<Value>;
@group(0) @binding(1) var<storage, read_write> dx: array<Value>;
override ADDS: bool;

// Along an axis a tile's own six points give pixels -1 to 4. Of its neighbours' points only the last of the one before
// and the first of the one behind reach its pixels 0 to 3, so eight points are read: those two around its own.
fn along(t: array<Value, 8>) -> array<Value, 4> {
    let a = t[3] - t[2];
    let b = t[5] - t[4];
    let c = t[2] + t[3];
    let d = t[4] + t[5];
    return array(
        4.0 * (a + t[6]) + 2.0 * b + t[0],
        -5.0 * t[1] - 4.0 * c - d,
        -a - 2.0 * b - 5.0 * t[6],
        t[1] + c + d + 4.0 * t[7],
    );
}

// Steps to the tile of one of the eight points, as a number that wraps, and which of that tile's points it is.
fn step_of(i: u32) -> u32 { return select(select(0u, ~0u, i == 0u), 1u, i == 7u); }
fn point_of(i: u32) -> u32 { return select(select(i - 1u, 5u, i == 0u), 0u, i == 7u); }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= TILES * C { return; }
    let tile = tile_at(i);
    var half: array<array<Value, 4>, 8>;
    for (var row = 0u; row < 8u; row++) {
        var points: array<Value, 8>;
        for (var column = 0u; column < 8u; column++) {
            let is_tile = tile.row + step_of(row) < ROWS && tile.column + step_of(column) < COLUMNS;
            let other = tile.index + step_of(row) * COLUMNS + step_of(column);
            let at = point(point_of(row), point_of(column), select(tile.index, other, is_tile)) + tile.c;
            points[column] = select(Value(0.0), dv[at], is_tile);
        }
        half[row] = along(points);
    }
    for (var column = 0u; column < 4u; column++) {
        var points: array<Value, 8>;
        for (var row = 0u; row < 8u; row++) { points[row] = half[row][column]; }
        let result = along(points);
        for (var row = 0u; row < 4u; row++) {
            let h = tile.h + row;
            let w = tile.w + column;
            if is_inside(h, w) {
                let at = pixel(tile, h, w);
                if ADDS { dx[at] += result[row]; } else { dx[at] = result[row]; }
            }
        }
    }
}
