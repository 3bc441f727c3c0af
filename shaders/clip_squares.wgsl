// squares[slice] = sum of dw² over the kept elements of the slice
@group(0) @binding(0) var<storage, read> mask: array<u32>;
@group(0) @binding(1) var<storage, read> dw: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> squares: array<f32>;
override VECTORS: u32;
override SLICES: u32;

// Vectors slice, slice + SLICES and so on, so that neighbours load neighbours.
@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let slice = flat_index(id, groups);
    if slice >= SLICES { return; }
    var sums = vec4(0.0);
    for (var i = slice; i < VECTORS; i += SLICES) {
        // Selected, not multiplied: what was removed may be anything.
        let g = select(vec4(0.0), dw[i], kept(i));
        sums += g * g;
    }
    squares[slice] = (sums.x + sums.y) + (sums.z + sums.w);
}
