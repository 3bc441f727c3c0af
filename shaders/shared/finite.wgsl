// All ones in the bits of what is not finite. An integer test: a shader compiler may assume that a float is a number.
const EXPONENT = 0x7f800000u;
fn is_finite(value: f32) -> bool {
    return (bitcast<u32>(value) & EXPONENT) != EXPONENT;
}

// The contrary, for each of four.
fn not_finite(value: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(value) & vec4(EXPONENT)) == vec4(EXPONENT);
}
