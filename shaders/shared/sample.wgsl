// Which sample a row of the batch shows, and its random numbers. The kernel above binds order and step.
override ORDER: u32; // entries of the sample order

const AUGMENT_STREAM = 3u; // as Stream::Augment in src/random.rs

// Rows of padding repeat the last sample; their loss is not counted. The place is clamped, as it is not known before the
// step.
fn sample_of(n: u32) -> u32 {
    return order[min(step.position + min(n, step.count - 1u), ORDER - 1u)];
}

// A group of four random words of a sample in this epoch.
fn draw(sample: u32, group: u32) -> vec4<u32> {
    return philox(vec4(sample, step.epoch, group, AUGMENT_STREAM), step.seed);
}
