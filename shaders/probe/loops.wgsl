// sums[i] = sum over turn < turns[i] of addends[turn % 256], in a loop of turns[i] turns
@group(0) @binding(0) var<storage, read> turns: array<u32>;
@group(0) @binding(1) var<storage, read> addends: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;

// Alone in its workgroup, as a driver may count the turns of neighbours together.
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>) {
    let end = turns[group.x];
    var sum = 0u;
    for (var turn = 0u; turn < end; turn++) { sum += addends[turn % 256u]; }
    sums[group.x] = sum;
}
