// prefix, remaining <- the bucket, from the top, in which the remaining-th largest key lies; histogram <- 0
@group(0) @binding(0) var<storage, read> keep: array<u32>; // how many weights each segment shall keep
@group(0) @binding(1) var<storage, read_write> histogram: array<u32>;
@group(0) @binding(2) var<storage, read_write> selection: array<u32>;
override SEGMENT: u32;
override SHIFT: u32;
override BITS: u32;
override IS_FIRST: bool;
override WORKGROUP_SIZE: u32;

var<workgroup> sums: array<u32, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
    let share = (1u << BITS) / WORKGROUP_SIZE;
    var sum = 0u;
    for (var b = lane * share; b < (lane + 1u) * share; b++) { sum += histogram[b]; }
    sums[lane] = sum;
    workgroupBarrier();
    if lane == 0u {
        var total = 0u;
        for (var i = 0u; i < WORKGROUP_SIZE; i++) { total += sums[i]; }
        // A mask never grows, so a request for more than is active keeps what is active.
        var remaining = select(selection[SELECTION_REMAINING], min(keep[SEGMENT], total), IS_FIRST);
        var group = WORKGROUP_SIZE - 1u;
        while group > 0u && sums[group] < remaining {
            remaining -= sums[group];
            group--;
        }
        var bucket = (group + 1u) * share - 1u;
        while bucket > group * share && histogram[bucket] < remaining {
            remaining -= histogram[bucket];
            bucket--;
        }
        let prefix = select(selection[SELECTION_PREFIX], 0u, IS_FIRST);
        selection[SELECTION_PREFIX] = prefix | (bucket << SHIFT);
        selection[SELECTION_REMAINING] = remaining;
    }
    storageBarrier();
    workgroupBarrier();
    for (var b = lane * share; b < (lane + 1u) * share; b++) { histogram[b] = 0u; }
}
