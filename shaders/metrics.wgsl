// record[step.record] = (sum of loss / count, sum of hit, count, fault of the loss)
@group(0) @binding(0) var<storage, read> loss: array<f32>;
@group(0) @binding(1) var<storage, read> hit: array<u32>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read_write> records: array<u32>;
override N: u32;
override WORKGROUP_SIZE: u32;

var<workgroup> losses: array<f32, WORKGROUP_SIZE>;
var<workgroup> hits: array<u32, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
    var sum = 0.0;
    var right = 0u;
    for (var n = lane; n < N; n += WORKGROUP_SIZE) {
        sum += loss[n];
        right += hit[n];
    }
    losses[lane] = sum;
    hits[lane] = right;
    for (var width = WORKGROUP_SIZE / 2u; width > 0u; width /= 2u) {
        workgroupBarrier();
        if lane < width {
            losses[lane] += losses[lane + width];
            hits[lane] += hits[lane + width];
        }
    }
    if lane == 0u {
        let mean = losses[0] / f32(step.count);
        let row = record_start(step.record);
        records[row + RECORD_LOSS] = bitcast<u32>(mean);
        records[row + RECORD_HITS] = hits[0];
        records[row + RECORD_COUNT] = step.count;
        records[row + RECORD_FAULT] = select(LOSS_FAULT, 0u, is_finite(mean));
    }
}
