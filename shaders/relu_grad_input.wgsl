// dx[i] = dy[i] where y[i] > 0, else 0
@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
override LENGTH: u32;
override ADDS: bool;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    let value = select(0.0, dy[i], y[i] > 0.0);
    if ADDS { dx[i] += value; } else { dx[i] = value; }
}
