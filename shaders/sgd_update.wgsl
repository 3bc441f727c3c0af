// g = mask * dw + WEIGHT_DECAY * w;  v = momentum * v + g;  w -= learning_rate * (NESTEROV ? g + momentum * v : v);  w, v *= mask
@group(0) @binding(5) var<storage, read_write> velocity: array<vec4<f32>>;
override NESTEROV: bool;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= VECTORS { return; }
    let keep = kept(i);
    if any(broken(dw[i], keep)) { report(i, GRADIENT_FAULT); return; }
    let g = dw[i] + WEIGHT_DECAY * w[i];
    let v = step.momentum * velocity[i] + g;
    let direction = select(v, g + step.momentum * v, vec4(NESTEROV));
    let moved = w[i] - step.learning_rate * direction;
    if any(broken(moved, keep) | broken(v, keep)) { report(i, UPDATE_FAULT); return; }
    velocity[i] = select(vec4(0.0), v, keep);
    w[i] = select(vec4(0.0), moved, keep);
}
