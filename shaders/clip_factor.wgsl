// factor = min(1, NORM / (sqrt(sum of squares) + 1e-6)); 0 where that sum is not finite
@group(0) @binding(0) var<storage, read> squares: array<f32>;
@group(0) @binding(1) var<storage, read_write> factor: array<f32>;
override SLICES: u32;
override NORM: f32;
override WORKGROUP_SIZE: u32;

var<workgroup> sums: array<f32, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
    var sum = 0.0;
    for (var slice = lane; slice < SLICES; slice += WORKGROUP_SIZE) { sum += squares[slice]; }
    sums[lane] = sum;
    for (var width = WORKGROUP_SIZE / 2u; width > 0u; width /= 2u) {
        workgroupBarrier();
        if lane < width { sums[lane] += sums[lane + width]; }
    }
    if lane == 0u {
        let clipped = min(1.0, NORM / (sqrt(sums[0]) + 1e-6));
        factor[0] = select(0.0, clipped, is_finite(sums[0]));
    }
}
