// counts[SLOT] = bits of the mask, counts[RETURNED] = those of them that before has not; before <- mask
@group(0) @binding(0) var<storage, read> mask: array<u32>;
@group(0) @binding(1) var<storage, read_write> before: array<u32>;
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;
override WORDS: u32;
override SLOT: u32;
override RETURNED: u32;
override WORKGROUP_SIZE: u32;

var<workgroup> sums: array<vec2<u32>, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
    var sum = vec2(0u);
    for (var word = lane; word < WORDS; word += WORKGROUP_SIZE) {
        let now = mask[word];
        sum += countOneBits(vec2(now, now & ~before[word]));
        before[word] = now;
    }
    sums[lane] = sum;
    for (var width = WORKGROUP_SIZE / 2u; width > 0u; width /= 2u) {
        workgroupBarrier();
        if lane < width { sums[lane] += sums[lane + width]; }
    }
    if lane == 0u {
        counts[SLOT] = sums[0].x;
        counts[RETURNED] = sums[0].y;
    }
}
