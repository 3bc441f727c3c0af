// fault = the largest i of which the score is not finite, plus 1, if there is one
@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read_write> fault: array<atomic<u32>>;
override LENGTH: u32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i < LENGTH && keys[i] == HIGHEST { atomicMax(&fault[0], i + 1u); }
}
