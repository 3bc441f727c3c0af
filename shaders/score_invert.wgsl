// keys[i] <- the key that has the contrary order, below the largest, which no score has that is a number
@group(0) @binding(0) var<storage, read_write> keys: array<u32>;
override LENGTH: u32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i < LENGTH { keys[i] = HIGHEST - 1u - min(keys[i], HIGHEST - 1u); }
}
