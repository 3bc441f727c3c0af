// v[i,tile,j,c] = (Bt d B)[i,j], where d are the pixels of x in a tile and around it, 0 outside of the image
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read_write> v: array<Value>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= TILES * C { return; }
    let tile = tile_at(i);
    var half: array<array<Value, POINTS>, POINTS>;
    for (var column = 0u; column < POINTS; column++) {
        var d: array<Value, POINTS>;
        for (var row = 0u; row < POINTS; row++) {
            let h = tile.h + row - 1u; // wraps below zero, and is outside then
            let w = tile.w + column - 1u;
            let inside = is_inside(h, w);
            d[row] = select(Value(0.0), x[select(0u, pixel(tile, h, w), inside)], inside);
        }
        half[column] = input_to_points(d);
    }
    for (var row = 0u; row < POINTS; row++) {
        var d: array<Value, POINTS>;
        for (var column = 0u; column < POINTS; column++) { d[column] = half[column][row]; }
        let result = input_to_points(d);
        for (var column = 0u; column < POINTS; column++) { v[point(row, column, tile.index) + tile.c] = result[column]; }
    }
}
