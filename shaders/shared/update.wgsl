// What every optimiser shares: the mask, and the guard against gradients that are not finite.
// The mask has one bit for each parameter, so a word of it covers eight vectors of four.
@group(0) @binding(0) var<storage, read> dw: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> mask: array<u32>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read_write> w: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> records: array<atomic<u32>>;
override VECTORS: u32;
override WEIGHT_DECAY: f32;

fn kept(i: u32) -> vec4<bool> {
    let bits = mask[i / 8u] >> (i % 8u * 4u);
    return (vec4(bits) & vec4(1u, 2u, 4u, 8u)) != vec4(0u);
}

// False, with a note in the record, where a gradient of a kept parameter is not finite.
fn is_sound(i: u32, g: vec4<f32>, keep: vec4<bool>) -> bool {
    let broken = keep & ((bitcast<vec4<u32>>(g) & vec4(0x7f800000u)) == vec4(0x7f800000u));
    if any(broken) {
        atomicMax(&records[record_start(step.record) + RECORD_FAULT], i * 4u + 1u);
        return false;
    }
    return true;
}
