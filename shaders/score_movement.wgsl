// keys[i] = |w[i] - start[i]|
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read> start: array<f32>;
@group(0) @binding(2) var<storage, read_write> keys: array<u32>;
override LENGTH: u32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i < LENGTH { keys[i] = magnitude_key(bitcast<u32>(w[i] - start[i])); }
}
