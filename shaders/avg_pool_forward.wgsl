// y[n,p,q,c] = mean over the window of x[n, p*STRIDE+r, q*STRIDE+s, c]
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read_write> y: array<Value>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    let h = i / (C * Q) % P * STRIDE;
    let w = i / C % Q * STRIDE;
    let corner = (i / (C * Q * P) * H + h) * W + w;
    var sum = Value(0.0);
    for (var r = 0u; r < WINDOW_ROWS; r++) {
        for (var s = 0u; s < WINDOW_COLUMNS; s++) { sum += x[(corner + r * W + s) * C + i % C]; }
    }
    y[i] = sum * SHARE;
}
