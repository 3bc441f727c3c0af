// y[i] = x[i] * FACTOR, or 0 where element i is dropped in this step
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> step: Step;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
override LENGTH: u32;
override THRESHOLD: u32; // of 24 random bits
override FACTOR: f32;
override LAYER: u32;
override ADDS: bool;

const DROPOUT = 4u; // the stream, see src/random.rs

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let four = flat_index(id, groups);
    // A stream has 24 bits for the layer; the position and the epoch make the step.
    let draw = philox(vec4(four, step.position, step.epoch, DROPOUT | (LAYER << 8u)), step.seed);
    for (var k = 0u; k < 4u; k++) {
        let i = four * 4u + k;
        if i < LENGTH {
            let value = select(x[i] * FACTOR, 0.0, (draw[k] >> 8u) < THRESHOLD);
            if ADDS { y[i] += value; } else { y[i] = value; }
        }
    }
}
