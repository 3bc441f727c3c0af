// dx[n,h,w,c] = dy[n, h/STRIDE, w/STRIDE, c+BEFORE] where both divisions are exact, else 0
@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;
override ADDS: bool;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    let h = i / (C * W) % H;
    let w = i / C % W;
    let at = ((i / (C * W * H) * P + h / STRIDE) * Q + w / STRIDE) * K;
    let value = select(0.0, dy[at + i % C + BEFORE], h % STRIDE == 0u && w % STRIDE == 0u);
    if ADDS { dx[i] += value; } else { dx[i] = value; }
}
