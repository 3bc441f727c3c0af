// u[i,c,j,k] = (G w Gt)[i,j] of the 3 x 3 taps of w[r,s,c,k]
@group(0) @binding(0) var<storage, read> w: array<Value>;
@group(0) @binding(1) var<storage, read_write> u: array<Value>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    var half: array<array<Value, POINTS>, 3>;
    for (var column = 0u; column < 3u; column++) {
        var taps: array<Value, 3>;
        for (var row = 0u; row < 3u; row++) { taps[row] = w[(3u * row + column) * LENGTH + i]; }
        half[column] = weight_to_points(taps);
    }
    for (var row = 0u; row < POINTS; row++) {
        var taps: array<Value, 3>;
        for (var column = 0u; column < 3u; column++) { taps[column] = half[column][row]; }
        let result = weight_to_points(taps);
        for (var column = 0u; column < POINTS; column++) { u[weight_point(row, column, i)] = result[column]; }
    }
}
