// v[i,tile,j,c] = (Bt d B)[i,j], where d are the 6 x 6 pixels of x around a tile, 0 outside of the image
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read_write> v: array<Value>;

fn along(d: array<Value, 6>) -> array<Value, 6> {
    let a = d[4] - 4.0 * d[2];
    let b = d[3] - 4.0 * d[1];
    let c = d[4] - d[2];
    let e = 2.0 * (d[3] - d[1]);
    return array(4.0 * d[0] - 5.0 * d[2] + d[4], a + b, a - b, c + e, c - e, 4.0 * d[1] - 5.0 * d[3] + d[5]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= TILES * C { return; }
    let tile = tile_at(i);
    var half: array<array<Value, 6>, 6>;
    for (var column = 0u; column < 6u; column++) {
        var d: array<Value, 6>;
        for (var row = 0u; row < 6u; row++) {
            let h = tile.h + row - 1u; // wraps below zero, and is outside then
            let w = tile.w + column - 1u;
            let inside = is_inside(h, w);
            d[row] = select(Value(0.0), x[select(0u, pixel(tile, h, w), inside)], inside);
        }
        half[column] = along(d);
    }
    for (var row = 0u; row < 6u; row++) {
        var d: array<Value, 6>;
        for (var column = 0u; column < 6u; column++) { d[column] = half[column][row]; }
        let result = along(d);
        for (var column = 0u; column < 6u; column++) { v[point(row, column, tile.index) + tile.c] = result[column]; }
    }
}
