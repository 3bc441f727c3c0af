// keys[i] gets its highest bit if weight i is active and, of its SIZE neighbours along the inputs of an output, among the
// KEPT active ones of the largest keys, the first of equal ones
@group(0) @binding(0) var<storage, read> mask: array<u32>;
@group(0) @binding(1) var<storage, read_write> keys: array<u32>;
override OUTPUTS: u32;
override CHANNELS: u32;
override POSITIONS: u32; // of each channel
override SIZE: u32;
override KEPT: u32;
override STRETCHES: u32; // of SIZE weights each

const STAYS = 0x80000000u;

// Inputs are counted by channel, then position; weights lie by position, then channel, then output.
fn place(input: u32, output: u32) -> u32 {
    return (input % POSITIONS * CHANNELS + input / POSITIONS) * OUTPUTS + output;
}

// Above 0 where the weight is active.
fn rank(i: u32) -> u32 { return select(0u, (keys[i] & ~STAYS) + 1u, is_active(mask[i / 32u], i % 32u)); }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let stretch = flat_index(id, groups);
    if stretch >= STRETCHES { return; }
    let output = stretch % OUTPUTS;
    let first = stretch / OUTPUTS * SIZE;
    for (var a = 0u; a < SIZE; a++) {
        let i = place(first + a, output);
        let own = rank(i);
        var ahead = 0u;
        for (var b = 0u; b < SIZE; b++) {
            let other = rank(place(first + b, output));
            ahead += select(0u, 1u, other > own || (other == own && b < a));
        }
        keys[i] = (keys[i] & ~STAYS) | select(0u, STAYS, own > 0u && ahead < KEPT);
    }
}
