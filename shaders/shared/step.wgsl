// What changes from step to step. Mirrored by StepParams in src/ops/step.rs; a test compares the offsets.
struct Step {
    position: u32,        // first entry of the sample order that belongs to this batch
    count: u32,           // samples in this batch; the rest of the rows is padding
    record: u32,          // row of the metrics table
    epoch: u32,           // counts the augmentation's random numbers
    seed: vec2<u32>,
    learning_rate: f32,
    correction_1: f32,    // 1 - beta1^t and 1 - beta2^t of Adam
    correction_2: f32,
    momentum: f32,        // share of the velocity that SGD keeps, or beta1 of Adam
}
