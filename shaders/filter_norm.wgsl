// keys[f] = mean of |w[i, f]| over the weights i of filter f; filters <- the filters whose first weight the mask keeps
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read> mask: array<u32>;
@group(0) @binding(2) var<storage, read_write> keys: array<u32>;
@group(0) @binding(3) var<storage, read_write> filters: array<u32>;
override FILTERS: u32;
override INPUTS: u32; // weights of each
override SLOTS: u32;  // keys, those of no filter included

const PART = 64u;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let f = flat_index(id, groups);
    if f >= SLOTS { return; }
    if f % 32u == 0u {
        // The first weights of all filters lie side by side, before all others.
        let left = FILTERS - min(f, FILTERS);
        let there = select((1u << (left % 32u)) - 1u, 0xffffffffu, left >= 32u);
        filters[f / 32u] = mask[f / 32u] & there;
    }
    var sum = 0.0;
    if f < FILTERS {
        // A sum of short sums rounds less than one long sum.
        for (var first = 0u; first < INPUTS; first += PART) {
            var part = 0.0;
            for (var i = first; i < min(first + PART, INPUTS); i++) { part += abs(w[i * FILTERS + f]); }
            sum += part;
        }
    }
    keys[f] = magnitude_key(bitcast<u32>(sum / f32(INPUTS)));
}
