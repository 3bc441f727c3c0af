// y[n,p,q,k] = bias[k] + (At m A)[p % 4, q % 4], where m[i,tile,j,k] are the products of the tile of (p, q)
@group(0) @binding(0) var<storage, read> m: array<Value>;
@group(0) @binding(1) var<storage, read> bias: array<Value>;
@group(0) @binding(2) var<storage, read_write> y: array<Value>;
override HAS_BIAS: bool;

fn along(m: array<Value, 6>) -> array<Value, 4> {
    let a = m[1] + m[2];
    let b = m[1] - m[2];
    let c = m[3] + m[4];
    let d = m[3] - m[4];
    return array(m[0] + a + c, b + 2.0 * d, a + 4.0 * c, b + 8.0 * d + m[5]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= TILES * C { return; }
    let tile = tile_at(i);
    var half: array<array<Value, 4>, 6>;
    for (var row = 0u; row < 6u; row++) {
        var own: array<Value, 6>;
        for (var column = 0u; column < 6u; column++) { own[column] = m[point(row, column, tile.index) + tile.c]; }
        half[row] = along(own);
    }
    var offset = Value(0.0);
    if HAS_BIAS { offset = bias[tile.c]; }
    for (var column = 0u; column < 4u; column++) {
        var own: array<Value, 6>;
        for (var row = 0u; row < 6u; row++) { own[row] = half[row][column]; }
        let result = along(own);
        for (var row = 0u; row < 4u; row++) {
            let h = tile.h + row;
            let w = tile.w + column;
            if is_inside(h, w) { y[pixel(tile, h, w)] = result[row] + offset; }
        }
    }
}
