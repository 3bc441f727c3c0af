// keys[i] = (1-p)(1-q) table[j,k] + (1-p) q table[j,k+1] + p (1-q) table[j+1,k] + p q table[j+1,k+1], where the two axes have
// x[i] a share of p behind their point j and y[i] a share of q behind their point k
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> axes: array<f32>;
@group(0) @binding(3) var<storage, read> table: array<f32>;
@group(0) @binding(4) var<storage, read_write> keys: array<u32>;
override LENGTH: u32;
override NODES: u32;

// The last point of the axis from `first` on, but for the end, that is not above `value`; the first if all are.
fn point_below(first: u32, value: f32) -> u32 {
    var low = 0u;
    var high = NODES - 1u;
    while high - low > 1u {
        let middle = (low + high) / 2u;
        if axes[first + middle] <= value { low = middle; } else { high = middle; }
    }
    return low;
}

fn share_behind(point: u32, value: f32) -> f32 {
    return clamp((value - axes[point]) / (axes[point + 1u] - axes[point]), 0.0, 1.0);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    let j = point_below(0u, x[i]);
    let k = point_below(NODES, y[i]);
    let p = share_behind(j, x[i]);
    let q = share_behind(NODES + k, y[i]);
    let row = j * NODES + k;
    let low = mix(table[row], table[row + 1u], q);
    let high = mix(table[row + NODES], table[row + NODES + 1u], q);
    keys[i] = magnitude_key(bitcast<u32>(mix(low, high, p)));
}
