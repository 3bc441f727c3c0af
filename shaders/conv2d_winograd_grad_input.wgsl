// dx = the sum of B dv Bt over the tiles that have it, or lie around it: conv2d_winograd_input transposed
@group(0) @binding(0) var<storage, read> dv: array<Value>;
@group(0) @binding(1) var<storage, read_write> dx: array<Value>;
override ADDS: bool;

const READ = POINTS + 2u; // along an axis: the tile's own points and one of each neighbour

// Steps to the tile of one of these points, as a number that wraps, and which of that tile's points it is.
fn step_of(i: u32) -> u32 { return select(select(0u, ~0u, i == 0u), 1u, i == READ - 1u); }
fn point_of(i: u32) -> u32 { return select(select(i - 1u, POINTS - 1u, i == 0u), 0u, i == READ - 1u); }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= TILES * C { return; }
    let tile = tile_at(i);
    var half: array<array<Value, SIDE>, READ>;
    for (var row = 0u; row < READ; row++) {
        var points: array<Value, READ>;
        for (var column = 0u; column < READ; column++) {
            let is_tile = tile.row + step_of(row) < ROWS && tile.column + step_of(column) < COLUMNS;
            let other = tile.index + step_of(row) * COLUMNS + step_of(column);
            let at = point(point_of(row), point_of(column), select(tile.index, other, is_tile)) + tile.c;
            points[column] = select(Value(0.0), dv[at], is_tile);
        }
        half[row] = points_to_input(points);
    }
    for (var column = 0u; column < SIDE; column++) {
        var points: array<Value, READ>;
        for (var row = 0u; row < READ; row++) { points[row] = half[row][column]; }
        let result = points_to_input(points);
        for (var row = 0u; row < SIDE; row++) {
            let h = tile.h + row;
            let w = tile.w + column;
            if is_inside(h, w) {
                let at = pixel(tile, h, w);
                if ADDS { dx[at] += result[row]; } else { dx[at] = result[row]; }
            }
        }
    }
}
