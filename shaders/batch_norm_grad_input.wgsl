// dx[row,c] = scale[c] / sqrt(variance[c] + EPSILON) * (g[row,c] - dshift[c]/ROWS - n[row,c] * dscale[c]/ROWS), with g and n as
// in batch_norm_grad_sums; dadded[row,c] = g[row,c]
@group(0) @binding(0) var<storage, read> dy: array<Value>;
@group(0) @binding(1) var<storage, read> y: array<Value>;
@group(0) @binding(2) var<storage, read> x: array<Value>;
@group(0) @binding(3) var<storage, read> factors: array<Value>;
@group(0) @binding(4) var<storage, read_write> dx: array<Value>;
@group(0) @binding(5) var<storage, read_write> dadded: array<Value>;
override RELU: bool;
override HAS_DX: bool;
override ADDS: bool;
override HAS_ADDED: bool;
override ADDS_ADDED: bool;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= C * SLICES { return; }
    let c = i % C;
    let center = factors[c];
    let outer = factors[C + c];
    let plain = factors[2u * C + c];
    let weighted = factors[3u * C + c];
    for (var row = first_row(i / C); row < end_row(i / C); row++) {
        let at = row * C + c;
        var g = dy[at];
        if RELU { g = select(Value(0.0), g, y[at] > Value(0.0)); }
        if HAS_DX {
            let value = outer * (g - plain - (x[at] - center) * weighted);
            if ADDS { dx[at] += value; } else { dx[at] = value; }
        }
        if HAS_ADDED {
            if ADDS_ADDED { dadded[at] += g; } else { dadded[at] = g; }
        }
    }
}
