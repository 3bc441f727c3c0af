// sums[slice,0,c] = sum of g[row,c] over the rows of the slice; sums[slice,1,c] = sum of g[row,c] * n[row,c], where g is dy,
// or 0 where the ReLU gave 0, and n is x with the mean and the variance taken out
@group(0) @binding(0) var<storage, read> dy: array<Value>;
@group(0) @binding(1) var<storage, read> y: array<Value>;
@group(0) @binding(2) var<storage, read> x: array<Value>;
@group(0) @binding(3) var<storage, read> mean: array<Value>;
@group(0) @binding(4) var<storage, read> variance: array<Value>;
@group(0) @binding(5) var<storage, read_write> sums: array<Value>;
override EPSILON: f32;
override RELU: bool;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= C * SLICES { return; }
    let c = i % C;
    let center = mean[c];
    let factor = inverseSqrt(variance[c] + Value(EPSILON));
    var plain = Value(0.0);
    var weighted = Value(0.0);
    for (var row = first_row(i / C); row < end_row(i / C); row++) {
        var g = dy[row * C + c];
        if RELU { g = select(Value(0.0), g, y[row * C + c] > Value(0.0)); }
        plain += g;
        weighted += g * (x[row * C + c] - center);
    }
    sums[i / C * 2u * C + c] = plain;
    sums[(i / C * 2u + 1u) * C + c] = weighted * factor;
}
