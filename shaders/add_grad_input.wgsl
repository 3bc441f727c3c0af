// dx[i] = dy[i]
@group(0) @binding(0) var<storage, read> dy: array<Value>;
@group(0) @binding(1) var<storage, read_write> dx: array<Value>;
override LENGTH: u32; // vectors of the width that the text is made for
override ADDS: bool;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    if ADDS { dx[i] += dy[i]; } else { dx[i] = dy[i]; }
}
