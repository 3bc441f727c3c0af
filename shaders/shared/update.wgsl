// What every optimiser shares: the mask, and the guard that keeps parameters and their moments finite. A NaN is lost
// in a ReLU or a max pool, so values are checked here, where every one of them passes.
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

// True for kept parameters whose value is not finite, by the integer test of is_finite.
fn broken(value: vec4<f32>, keep: vec4<bool>) -> vec4<bool> {
    return keep & ((bitcast<vec4<u32>>(value) & vec4(EXPONENT)) == vec4(EXPONENT));
}

// Notes a fault of one of four parameters in the record; the highest position stays.
fn report(i: u32, fault: u32) {
    atomicMax(&records[record_start(step.record) + RECORD_FAULT], i * 4u | fault);
}
