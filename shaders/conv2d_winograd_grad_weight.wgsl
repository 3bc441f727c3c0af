// dw[r,s,c,k] = (Gt du G)[r,s] of du[i,c,j,k]: conv2d_winograd_weight transposed
@group(0) @binding(0) var<storage, read> du: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> dw: array<vec4<f32>>;
override LENGTH: u32; // C·K / 4
override K: u32; // in values

fn point(row: u32, column: u32, i: u32) -> u32 { return point_row(row, column, i / K, LENGTH / K) * K + i % K; }

fn along(u: array<vec4<f32>, 6>) -> array<vec4<f32>, 3> {
    let a = (u[1] + u[2]) * (1.0 / 6.0);
    let b = (u[3] + u[4]) * (1.0 / 24.0);
    let between = (u[2] - u[1]) * (1.0 / 6.0) + (u[3] - u[4]) * (1.0 / 12.0);
    return array(0.25 * u[0] - a + b, between, 4.0 * b - a + u[5]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    var half: array<array<vec4<f32>, 3>, 6>;
    for (var row = 0u; row < 6u; row++) {
        var points: array<vec4<f32>, 6>;
        for (var column = 0u; column < 6u; column++) { points[column] = du[point(row, column, i)]; }
        half[row] = along(points);
    }
    for (var column = 0u; column < 3u; column++) {
        var points: array<vec4<f32>, 6>;
        for (var row = 0u; row < 6u; row++) { points[row] = half[row][column]; }
        let result = along(points);
        for (var row = 0u; row < 3u; row++) { dw[(3u * row + column) * LENGTH + i] = result[row]; }
    }
}
