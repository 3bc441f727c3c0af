// y[n,p,q,k] = x[n, p*STRIDE, q*STRIDE, k-BEFORE], or 0 where x has no such channel
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    let c = i % K - BEFORE; // wraps below zero, so one test catches both ends
    let h = i / (K * Q) % P * STRIDE;
    let w = i / K % Q * STRIDE;
    let at = ((i / (K * Q * P) * H + h) * W + w) * C;
    y[i] = select(0.0, x[at + min(c, C - 1u)], c < C);
}
