// ties[chunk] <- sum of ties of the chunks before it
@group(0) @binding(0) var<storage, read_write> ties: array<u32>;
override CHUNKS: u32;
override WORKGROUP_SIZE: u32;

var<workgroup> sums: array<u32, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
    let share = (CHUNKS + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
    let start = min(lane * share, CHUNKS);
    let end = min(start + share, CHUNKS);
    var sum = 0u;
    for (var chunk = start; chunk < end; chunk++) { sum += ties[chunk]; }
    sums[lane] = sum;
    workgroupBarrier();
    var before = 0u;
    for (var i = 0u; i < lane; i++) { before += sums[i]; }
    for (var chunk = start; chunk < end; chunk++) {
        let count = ties[chunk];
        ties[chunk] = before;
        before += count;
    }
}
