// dw[r,s,c,k] = (Gt du G)[r,s] of du[i,c,j,k]: conv2d_winograd_weight transposed
@group(0) @binding(0) var<storage, read> du: array<Value>;
@group(0) @binding(1) var<storage, read_write> dw: array<Value>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    var half: array<array<Value, 3>, POINTS>;
    for (var row = 0u; row < POINTS; row++) {
        var points: array<Value, POINTS>;
        for (var column = 0u; column < POINTS; column++) { points[column] = du[weight_point(row, column, i)]; }
        half[row] = points_to_weight(points);
    }
    for (var column = 0u; column < 3u; column++) {
        var points: array<Value, POINTS>;
        for (var row = 0u; row < POINTS; row++) { points[row] = half[row][column]; }
        let result = points_to_weight(points);
        for (var row = 0u; row < 3u; row++) { dw[(3u * row + column) * LENGTH + i] = result[row]; }
    }
}
