// dw *= factor, where that is a number
@group(0) @binding(0) var<storage, read> factor: array<f32>;
@group(0) @binding(1) var<storage, read_write> dw: array<vec4<f32>>;
override VECTORS: u32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= VECTORS { return; }
    // What is not finite stays so, for the update to find: 0 times infinity may be anything.
    dw[i] = select(factor[0] * dw[i], dw[i], not_finite(dw[i]));
}
