// ties[chunk] = number of active weights of the chunk whose key is the threshold
@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read> mask: array<u32>;
@group(0) @binding(2) var<storage, read> selection: array<u32>;
@group(0) @binding(3) var<storage, read_write> ties: array<u32>;
override CHUNKS: u32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let chunk = flat_index(id, groups);
    if chunk >= CHUNKS { return; }
    let threshold = selection[SELECTION_PREFIX];
    var count = 0u;
    for (var word = 0u; word < CHUNK / 32u; word++) {
        let kept = mask[chunk * (CHUNK / 32u) + word];
        for (var bit = 0u; bit < 32u; bit++) {
            let key = keys[chunk * CHUNK + word * 32u + bit];
            count += select(0u, 1u, is_active(kept, bit) && key == threshold);
        }
    }
    ties[chunk] = count;
}
