// y[row,c] = scale[c] * (x[row,c] - mean[c]) / sqrt(variance[c] + EPSILON) + shift[c] + added[row,c], at least 0 if RELU
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read> mean: array<Value>;
@group(0) @binding(2) var<storage, read> variance: array<Value>;
@group(0) @binding(3) var<storage, read> scale: array<Value>;
@group(0) @binding(4) var<storage, read> shift: array<Value>;
@group(0) @binding(5) var<storage, read> added: array<Value>;
@group(0) @binding(6) var<storage, read_write> y: array<Value>;
override EPSILON: f32;
override HAS_ADDED: bool;
override RELU: bool;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= C * SLICES { return; }
    let c = i % C;
    let center = mean[c];
    let factor = scale[c] * inverseSqrt(variance[c] + Value(EPSILON));
    let offset = shift[c];
    for (var row = first_row(i / C); row < end_row(i / C); row++) {
        var value = factor * (x[row * C + c] - center) + offset;
        if HAS_ADDED { value += added[row * C + c]; }
        if RELU { value = max(value, Value(0.0)); }
        y[row * C + c] = value;
    }
}
