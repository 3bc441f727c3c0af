// lanes[i] = size of the subgroup of invocation i, its place in it, and the invocation behind it, as a shuffle tells
@group(0) @binding(0) var<storage, read_write> lanes: array<vec4<u32>>;
override WORKGROUP_SIZE: u32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
    @builtin(local_invocation_index) i: u32,
    @builtin(subgroup_size) size: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    lanes[i] = vec4(size, lane, subgroupShuffle(i, (lane + 1u) % size), 0u);
}
