// dm[i,tile,j,k] = (A d At)[i,j], where d are the 4 x 4 pixels of dy in a tile: conv2d_winograd_output transposed
@group(0) @binding(0) var<storage, read> dy: array<Value>;
@group(0) @binding(1) var<storage, read_write> dm: array<Value>;

fn along(d: array<Value, 4>) -> array<Value, 6> {
    let a = d[0] + d[2];
    let b = d[1] + d[3];
    let c = d[0] + 4.0 * d[2];
    let e = 2.0 * d[1] + 8.0 * d[3];
    return array(d[0], a + b, a - b, c + e, c - e, d[3]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= TILES * C { return; }
    let tile = tile_at(i);
    var half: array<array<Value, 6>, 4>;
    for (var column = 0u; column < 4u; column++) {
        var d: array<Value, 4>;
        for (var row = 0u; row < 4u; row++) {
            let h = tile.h + row;
            let w = tile.w + column;
            let inside = is_inside(h, w);
            d[row] = select(Value(0.0), dy[select(0u, pixel(tile, h, w), inside)], inside);
        }
        half[column] = along(d);
    }
    for (var row = 0u; row < 6u; row++) {
        var d: array<Value, 4>;
        for (var column = 0u; column < 4u; column++) { d[column] = half[column][row]; }
        let result = along(d);
        for (var column = 0u; column < 6u; column++) { dm[point(row, column, tile.index) + tile.c] = result[column]; }
    }
}
