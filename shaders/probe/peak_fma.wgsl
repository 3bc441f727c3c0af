// TURNS times four multiply-adds on each of SUMS vectors that stay in registers. src/bench/peak.rs adds SUMS to this text.
@group(0) @binding(0) var<storage, read_write> y: array<vec4<f32>>;
override TURNS: u32;
override LENGTH: u32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    // Neither is known before it runs, and the sums stay where no step of theirs is slow.
    let factor = y[i] * 0.25 + 0.5;
    let offset = vec4(f32(i + 1u) * 1e-6);
    var sums: array<vec4<f32>, SUMS>;
    for (var k = 0u; k < SUMS; k++) { sums[k] = vec4(f32(k)); }
    for (var turn = 0u; turn < TURNS; turn++) {
        for (var k = 0u; k < SUMS; k++) {
            let twice = fma(fma(sums[k], factor, offset), factor, offset);
            sums[k] = fma(fma(twice, factor, offset), factor, offset);
        }
    }
    var total = vec4(0.0);
    for (var k = 0u; k < SUMS; k++) { total += sums[k]; }
    y[i] = fract(total);
}
