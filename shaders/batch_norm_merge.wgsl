// Mean and variance of each channel from those of the slices, and what the running statistics become.
@group(0) @binding(0) var<storage, read> moments: array<f32>;
@group(0) @binding(1) var<storage, read_write> mean: array<f32>;
@group(0) @binding(2) var<storage, read_write> variance: array<f32>;
@group(0) @binding(3) var<storage, read_write> running_mean: array<f32>;
@group(0) @binding(4) var<storage, read_write> running_variance: array<f32>;
override MOMENTUM: f32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let c = flat_index(id, groups);
    if c >= C { return; }
    var center = 0.0;
    var squares = 0.0;
    var count = 0.0;
    for (var slice = 0u; slice < SLICES; slice++) {
        let own = f32(end_row(slice) - first_row(slice));
        let between = moments[slice * 2u * C + c] - center;
        center += between * (own / (count + own));
        squares += moments[(slice * 2u + 1u) * C + c] + between * between * (count * own / (count + own));
        count += own;
    }
    mean[c] = center;
    variance[c] = squares / f32(ROWS);
    running_mean[c] = (1.0 - MOMENTUM) * running_mean[c] + MOMENTUM * center;
    running_variance[c] = (1.0 - MOMENTUM) * running_variance[c] + MOMENTUM * squares / f32(ROWS - 1u);
}
