// One invocation for each element. An axis has at most 65,535 workgroups, so long grids fold into y.
override WORKGROUP_SIZE: u32;

fn flat_index(global: vec3<u32>, groups: vec3<u32>) -> u32 {
    return global.y * groups.x * WORKGROUP_SIZE + global.x;
}
