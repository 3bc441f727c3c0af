// dm[i,tile,j,k] = (A d At)[i,j], where d are the pixels of dy in a tile: conv2d_winograd_output transposed
@group(0) @binding(0) var<storage, read> dy: array<Value>;
@group(0) @binding(1) var<storage, read_write> dm: array<Value>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= TILES * C { return; }
    let tile = tile_at(i);
    var half: array<array<Value, POINTS>, SIDE>;
    for (var column = 0u; column < SIDE; column++) {
        var d: array<Value, SIDE>;
        for (var row = 0u; row < SIDE; row++) {
            let h = tile.h + row;
            let w = tile.w + column;
            let inside = is_inside(h, w);
            d[row] = select(Value(0.0), dy[select(0u, pixel(tile, h, w), inside)], inside);
        }
        half[column] = output_to_points(d);
    }
    for (var row = 0u; row < POINTS; row++) {
        var d: array<Value, SIDE>;
        for (var column = 0u; column < SIDE; column++) { d[column] = half[column][row]; }
        let result = output_to_points(d);
        for (var column = 0u; column < POINTS; column++) { dm[point(row, column, tile.index) + tile.c] = result[column]; }
    }
}
