// dx[n,h,w,c] = sum of dy over the windows that cover (h, w), times the share of one element
@group(0) @binding(0) var<storage, read> dy: array<Value>;
@group(0) @binding(1) var<storage, read_write> dx: array<Value>;
override ADDS: bool;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    let w = i / C % W;
    let h = i / (C * W) % H;
    let image = i / (C * W * H) * P;
    var sum = Value(0.0);
    // Windows that cover h begin at p * STRIDE <= h and reach past it.
    for (var p = first(h, WINDOW_ROWS); p <= min(h / STRIDE, P - 1u); p++) {
        for (var q = first(w, WINDOW_COLUMNS); q <= min(w / STRIDE, Q - 1u); q++) {
            sum += dy[((image + p) * Q + q) * C + i % C];
        }
    }
    let value = sum * SHARE;
    if ADDS { dx[i] += value; } else { dx[i] = value; }
}

// The first window that reaches `at`.
fn first(at: u32, window: u32) -> u32 {
    return select(0u, (at - window) / STRIDE + 1u, at >= window);
}
