// mask <- mask or grown
@group(0) @binding(0) var<storage, read> grown: array<u32>;
@group(0) @binding(1) var<storage, read_write> mask: array<u32>;
override WORDS: u32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let word = flat_index(id, groups);
    if word < WORDS { mask[word] |= grown[word]; }
}
