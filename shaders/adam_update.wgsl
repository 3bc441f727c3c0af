// g = mask * dw + WEIGHT_DECAY * w;  m = momentum * m + (1-momentum) * g;  v = BETA_2 * v + (1-BETA_2) * g²
// w -= learning_rate * (m / correction_1) / (sqrt(v / correction_2) + EPSILON);  w, m, v *= mask
@group(0) @binding(5) var<storage, read_write> first: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> second: array<vec4<f32>>;
override BETA_2: f32;
override EPSILON: f32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= VECTORS { return; }
    let keep = kept(i);
    if any(broken(dw[i], keep)) { report(i, GRADIENT_FAULT); return; }
    let g = dw[i] + WEIGHT_DECAY * w[i];
    let m = step.momentum * first[i] + (1.0 - step.momentum) * g;
    let v = BETA_2 * second[i] + (1.0 - BETA_2) * g * g;
    let change = step.learning_rate * (m / step.correction_1) / (sqrt(v / step.correction_2) + EPSILON);
    let moved = w[i] - change;
    if any(broken(moved, keep) | broken(m, keep) | broken(v, keep)) { report(i, UPDATE_FAULT); return; }
    first[i] = select(vec4(0.0), m, keep);
    second[i] = select(vec4(0.0), v, keep);
    w[i] = select(vec4(0.0), moved, keep);
}
