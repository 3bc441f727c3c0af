// u[i,c,j,k] = (G w Gt)[i,j] of the 3 x 3 taps of w[r,s,c,k] (Lavin and Gray 2016, section 4.2)
@group(0) @binding(0) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> u: array<vec4<f32>>;
override LENGTH: u32; // C·K / 4
override K: u32; // in values

fn point(row: u32, column: u32, i: u32) -> u32 { return point_row(row, column, i / K, LENGTH / K) * K + i % K; }

fn along(w: array<vec4<f32>, 3>) -> array<vec4<f32>, 6> {
    let a = (w[0] + w[2]) * (-1.0 / 6.0);
    let b = w[1] * (1.0 / 6.0);
    let c = (w[0] + 4.0 * w[2]) * (1.0 / 24.0);
    let d = w[1] * (1.0 / 12.0);
    return array(0.25 * w[0], a - b, a + b, c + d, c - d, w[2]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    var half: array<array<vec4<f32>, 6>, 3>;
    for (var column = 0u; column < 3u; column++) {
        var taps: array<vec4<f32>, 3>;
        for (var row = 0u; row < 3u; row++) { taps[row] = w[(3u * row + column) * LENGTH + i]; }
        half[column] = along(taps);
    }
    for (var row = 0u; row < 6u; row++) {
        var taps: array<vec4<f32>, 3>;
        for (var column = 0u; column < 3u; column++) { taps[column] = half[column][row]; }
        let result = along(taps);
        for (var column = 0u; column < 6u; column++) { u[point(row, column, i)] = result[column]; }
    }
}
