// What every optimiser shares: the mask, and the guard that keeps parameters and their moments finite. A NaN is lost
// in a ReLU or a max pool, so values are checked here, where every one of them passes.
@group(0) @binding(0) var<storage, read> dw: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> mask: array<u32>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read_write> w: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> records: array<atomic<u32>>;
override VECTORS: u32;
override WEIGHT_DECAY: f32;

// True for kept parameters whose value is not finite.
fn broken(value: vec4<f32>, keep: vec4<bool>) -> vec4<bool> {
    return keep & not_finite(value);
}

// Notes a fault of one of four parameters in the record; the highest position stays.
fn report(i: u32, fault: u32) {
    atomicMax(&records[record_start(step.record) + RECORD_FAULT], i * 4u | fault);
}
