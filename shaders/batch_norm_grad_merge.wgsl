// dshift[c] and dscale[c] add up both sums of all slices. factors[0..4,c] is what batch_norm_grad_input needs of them.
@group(0) @binding(0) var<storage, read> sums: array<f32>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> variance: array<f32>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read_write> dscale: array<f32>;
@group(0) @binding(5) var<storage, read_write> dshift: array<f32>;
@group(0) @binding(6) var<storage, read_write> factors: array<f32>;
override EPSILON: f32;
override STATISTICS_MOVE: bool; // mean and variance are those of the batch, so x reaches dx through them, too

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let c = flat_index(id, groups);
    if c >= C { return; }
    var plain = 0.0;
    var weighted = 0.0;
    for (var slice = 0u; slice < SLICES; slice++) {
        plain += sums[slice * 2u * C + c];
        weighted += sums[(slice * 2u + 1u) * C + c];
    }
    dshift[c] = plain;
    dscale[c] = weighted;
    let inverse = inverseSqrt(variance[c] + EPSILON);
    factors[c] = mean[c];
    factors[C + c] = scale[c] * inverse;
    factors[2u * C + c] = select(0.0, plain / f32(ROWS), STATISTICS_MOVE);
    factors[3u * C + c] = select(0.0, weighted * inverse / f32(ROWS), STATISTICS_MOVE);
}
