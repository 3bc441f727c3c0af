// keys[i] = a random word of weight i for this update of the mask
@group(0) @binding(0) var<storage, read> step: Step;
@group(0) @binding(1) var<storage, read_write> keys: array<u32>;
override LENGTH: u32;
override STREAM: u32; // see src/random.rs

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let four = flat_index(id, groups);
    let draw = philox(vec4(four, step.position, step.epoch, STREAM), step.seed);
    for (var k = 0u; k < 4u; k++) {
        if four * 4u + k < LENGTH { keys[four * 4u + k] = draw[k]; }
    }
}
