// y[n,p,q,c] = x[n, p*STRIDE+r-PAD, q*STRIDE+s-PAD, c], where winner = r*KERNEL+s
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> winner: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    let c = i % C;
    let q = i / C % Q;
    let p = i / (C * Q) % P;
    let image = i / (C * Q * P) * H;
    // A winner never lies in the padding.
    let h = p * STRIDE + winner[i] / KERNEL - PAD;
    let w = q * STRIDE + winner[i] % KERNEL - PAD;
    y[i] = x[((image + h) * W + w) * C + c];
}
