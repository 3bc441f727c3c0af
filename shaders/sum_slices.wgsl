// y[i] = sum over slices of sums[slice * STRIDE + FIRST + i]
@group(0) @binding(0) var<storage, read> sums: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
override LENGTH: u32;
override SLICES: u32;
override STRIDE: u32;
override FIRST: u32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    var sum = 0.0;
    for (var slice = 0u; slice < SLICES; slice++) { sum += sums[slice * STRIDE + FIRST + i]; }
    y[i] = sum;
}
