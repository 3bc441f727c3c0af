// y[n,p,q,c] = max over r,s of x[n, p*STRIDE+r-PAD, q*STRIDE+s-PAD, c]; winner = r*KERNEL+s of the first maximum
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read_write> y: array<Value>;
@group(0) @binding(2) var<storage, read_write> winner: array<Index>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    let c = i % C;
    let q = i / C % Q;
    let p = i / (C * Q) % P;
    let image = i / (C * Q * P) * H;
    var best = Value(0.0);
    var tap = Index(KERNEL * KERNEL); // none yet: a window may begin in the padding, whose value is minus infinity
    for (var r = 0u; r < KERNEL; r++) {
        for (var s = 0u; s < KERNEL; s++) {
            let h = p * STRIDE + r - PAD; // wraps below zero, so one test catches both edges
            let w = q * STRIDE + s - PAD;
            if h < H && w < W {
                let value = x[((image + h) * W + w) * C + c];
                let is_better = (tap == Index(KERNEL * KERNEL)) | (value > best);
                best = select(best, value, is_better);
                tap = select(tap, Index(r * KERNEL + s), is_better);
            }
        }
    }
    y[i] = best;
    winner[i] = tap;
}
