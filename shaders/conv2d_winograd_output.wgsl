// y[n,p,q,k] = bias[k] + (At m A)[p % SIDE, q % SIDE], where m[i,tile,j,k] are the products of the tile of (p, q)
@group(0) @binding(0) var<storage, read> m: array<Value>;
@group(0) @binding(1) var<storage, read> bias: array<Value>;
@group(0) @binding(2) var<storage, read_write> y: array<Value>;
override HAS_BIAS: bool;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= TILES * C { return; }
    let tile = tile_at(i);
    var half: array<array<Value, SIDE>, POINTS>;
    for (var row = 0u; row < POINTS; row++) {
        var own: array<Value, POINTS>;
        for (var column = 0u; column < POINTS; column++) { own[column] = m[point(row, column, tile.index) + tile.c]; }
        half[row] = points_to_output(own);
    }
    var offset = Value(0.0);
    if HAS_BIAS { offset = bias[tile.c]; }
    for (var column = 0u; column < SIDE; column++) {
        var own: array<Value, POINTS>;
        for (var row = 0u; row < POINTS; row++) { own[row] = half[row][column]; }
        let result = points_to_output(own);
        for (var row = 0u; row < SIDE; row++) {
            let h = tile.h + row;
            let w = tile.w + column;
            if is_inside(h, w) { y[pixel(tile, h, w)] = result[row] + offset; }
        }
    }
}
