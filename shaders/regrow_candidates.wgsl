// candidates <- the weights that the mask does not keep; 0 past the last weight
@group(0) @binding(0) var<storage, read> mask: array<u32>;
@group(0) @binding(1) var<storage, read_write> candidates: array<u32>;
override WORDS: u32;
override LENGTH: u32; // weights

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let word = flat_index(id, groups);
    if word >= WORDS { return; }
    let left = LENGTH - min(word * 32u, LENGTH);
    let weights = select((1u << (left % 32u)) - 1u, 0xffffffffu, left >= 32u);
    candidates[word] = ~mask[word] & weights;
}
