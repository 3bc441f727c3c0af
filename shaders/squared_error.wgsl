// loss[n] = (y[n] - t[n])^2, dy[n] = 2 (y[n] - t[n]) / count; both 0 where n is padding
@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> t: array<f32>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@group(0) @binding(4) var<storage, read_write> dy: array<f32>;
override N: u32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let n = flat_index(id, groups);
    if n >= N { return; }
    if n >= step.count {
        loss[n] = 0.0;
        dy[n] = 0.0;
        return;
    }
    let error = y[n] - t[n];
    loss[n] = error * error;
    dy[n] = 2.0 * error / f32(step.count);
}
