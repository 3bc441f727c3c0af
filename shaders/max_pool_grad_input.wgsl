// dx[n,h,w,c] = sum of dy over the windows whose winner is (h, w)
@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> winner: array<u32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    let c = i % C;
    let w = i / C % W;
    let h = i / (C * W) % H;
    let image = i / (C * W * H) * P;
    var sum = 0.0;
    for (var r = 0u; r < KERNEL; r++) {
        for (var s = 0u; s < KERNEL; s++) {
            // A difference below zero wraps and is far past P * STRIDE, so one test catches both edges.
            let up = h + PAD - r;
            let along = w + PAD - s;
            if up % STRIDE == 0u && along % STRIDE == 0u && up < P * STRIDE && along < Q * STRIDE {
                let o = ((image + up / STRIDE) * Q + along / STRIDE) * C + c;
                if winner[o] == r * KERNEL + s { sum += dy[o]; }
            }
        }
    }
    dx[i] = sum;
}
