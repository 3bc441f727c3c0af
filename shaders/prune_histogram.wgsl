// histogram[b] = number of active weights whose keys begin with the prefix and go on with the BITS bits b
@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read> mask: array<u32>;
@group(0) @binding(2) var<storage, read> selection: array<u32>;
@group(0) @binding(3) var<storage, read_write> histogram: array<atomic<u32>>;
override CHUNKS: u32;
override SHIFT: u32; // position of the lowest of the BITS
override BITS: u32;
override IS_FIRST: bool; // there is no prefix yet

var<workgroup> counts: array<atomic<u32>, 2048>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    for (var b = lane; b < (1u << BITS); b += WORKGROUP_SIZE) { atomicStore(&counts[b], 0u); }
    workgroupBarrier();
    let chunk = flat_index(id, groups);
    if chunk < CHUNKS {
        let prefix = selection[SELECTION_PREFIX] >> min(SHIFT + BITS, 31u);
        for (var word = 0u; word < CHUNK / 32u; word++) {
            let kept = mask[chunk * (CHUNK / 32u) + word];
            for (var bit = 0u; bit < 32u; bit++) {
                let key = keys[chunk * CHUNK + word * 32u + bit];
                if is_active(kept, bit) && (IS_FIRST || key >> min(SHIFT + BITS, 31u) == prefix) {
                    atomicAdd(&counts[(key >> SHIFT) & ((1u << BITS) - 1u)], 1u);
                }
            }
        }
    }
    workgroupBarrier();
    for (var b = lane; b < (1u << BITS); b += WORKGROUP_SIZE) {
        let count = atomicLoad(&counts[b]);
        if count > 0u { atomicAdd(&histogram[b], count); }
    }
}
