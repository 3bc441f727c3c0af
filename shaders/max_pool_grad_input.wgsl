// dx[n,h,w,c] = sum of dy over the windows whose winner is (h, w)
@group(0) @binding(0) var<storage, read> dy: array<Value>;
@group(0) @binding(1) var<storage, read> winner: array<Index>;
@group(0) @binding(2) var<storage, read_write> dx: array<Value>;
override ADDS: bool;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    let c = i % C;
    let w = i / C % W;
    let h = i / (C * W) % H;
    let image = i / (C * W * H) * P;
    // Windows that cover (h, w) begin at (p, q) and up to so many steps before.
    let reach = (KERNEL + STRIDE - 1u) / STRIDE;
    var sum = Value(0.0);
    for (var back = 0u; back < reach; back++) {
        for (var aside = 0u; aside < reach; aside++) {
            // Differences below zero wrap and fail the tests.
            let p = (h + PAD) / STRIDE - back;
            let q = (w + PAD) / STRIDE - aside;
            let r = h + PAD - p * STRIDE;
            let s = w + PAD - q * STRIDE;
            if p < P && q < Q && r < KERNEL && s < KERNEL {
                let o = ((image + p) * Q + q) * C + c;
                sum += select(Value(0.0), dy[o], winner[o] == Index(r * KERNEL + s));
            }
        }
    }
    if ADDS { dx[i] += sum; } else { dx[i] = sum; }
}
