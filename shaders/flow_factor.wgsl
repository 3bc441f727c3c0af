// own <- the power of two by which the largest of x is below 2 and at least 1, and the product of it and those before
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> before: array<f32>;
@group(0) @binding(2) var<storage, read_write> own: array<f32>;
override LENGTH: u32;
override WORKGROUP_SIZE: u32;

var<workgroup> largest: array<f32, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
    var own_largest = 0.0;
    for (var i = lane; i < LENGTH; i += WORKGROUP_SIZE) { own_largest = max(own_largest, x[i]); }
    largest[lane] = own_largest;
    for (var width = WORKGROUP_SIZE / 2u; width > 0u; width /= 2u) {
        workgroupBarrier();
        if lane < width { largest[lane] = max(largest[lane], largest[lane + width]); }
    }
    if lane == 0u {
        let exponent = bitcast<u32>(largest[0]) >> 23u;
        // 2^-(exponent - 127), where both are normal numbers; and nothing is not made more.
        let factor = select(bitcast<f32>((254u - min(exponent, 253u)) << 23u), 1.0, exponent == 0u);
        own[0] = factor;
        own[1] = before[1] * factor;
    }
}
