// mask <- mask and the filter of the weight is kept
@group(0) @binding(0) var<storage, read> filters: array<u32>;
@group(0) @binding(1) var<storage, read_write> mask: array<u32>;
override FILTERS: u32;
override WORDS: u32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let word = flat_index(id, groups);
    if word >= WORDS { return; }
    var kept = 0u;
    for (var bit = 0u; bit < 32u; bit++) {
        let f = (word * 32u + bit) % FILTERS;
        kept |= select(0u, 1u << bit, is_active(filters[f / 32u], f % 32u));
    }
    mask[word] &= kept;
}
