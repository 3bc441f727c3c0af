// mask <- mask and (key above the threshold, or equal to it and among the first remaining)
@group(0) @binding(0) var<storage, read> selection: array<u32>;
@group(0) @binding(1) var<storage, read> ties: array<u32>;
@group(0) @binding(2) var<storage, read> keys: array<u32>;
@group(0) @binding(3) var<storage, read_write> mask: array<u32>;
override CHUNKS: u32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let chunk = flat_index(id, groups);
    if chunk >= CHUNKS { return; }
    let threshold = selection[SELECTION_PREFIX];
    let remaining = selection[SELECTION_REMAINING];
    var rank = ties[chunk];
    for (var word = 0u; word < CHUNK / 32u; word++) {
        let kept = mask[chunk * (CHUNK / 32u) + word];
        var survivors = 0u;
        for (var bit = 0u; bit < 32u; bit++) {
            let i = chunk * CHUNK + word * 32u + bit;
            let key = keys[i];
            var survives = is_active(kept, bit) && key > threshold;
            if is_active(kept, bit) && key == threshold {
                survives = rank < remaining;
                rank++;
            }
            survivors |= select(0u, 1u << bit, survives);
        }
        mask[chunk * (CHUNK / 32u) + word] = survivors;
    }
}
