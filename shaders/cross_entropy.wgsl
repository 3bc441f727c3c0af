// loss[n] = log(sum over c of exp(z[n,c])) - sum over c of t[n,c] * z[n,c], t = 1-SMOOTHING on the label plus SMOOTHING/CLASSES everywhere
// dz[n,c] = (softmax(z)[n,c] - t[n,c]) / count; hit[n] = the first largest z is the label's
@group(0) @binding(0) var<storage, read> z: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@group(0) @binding(4) var<storage, read_write> hit: array<u32>;
@group(0) @binding(5) var<storage, read_write> dz: array<f32>;
override N: u32;
override CLASSES: u32;
override SMOOTHING: f32;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let n = flat_index(id, groups);
    if n >= N { return; }
    let base = n * CLASSES;
    if n >= step.count {
        loss[n] = 0.0;
        hit[n] = 0u;
        for (var c = 0u; c < CLASSES; c++) { dz[base + c] = 0.0; }
        return;
    }
    var largest = z[base];
    var winner = 0u;
    for (var c = 1u; c < CLASSES; c++) {
        if z[base + c] > largest {
            largest = z[base + c];
            winner = c;
        }
    }
    var exponentials = 0.0;
    var total = 0.0;
    for (var c = 0u; c < CLASSES; c++) {
        exponentials += exp(z[base + c] - largest);
        total += z[base + c] - largest;
    }
    let label = min(labels[n], CLASSES - 1u); // a label is data, so the index is made safe here
    let spread = SMOOTHING / f32(CLASSES);
    loss[n] = log(exponentials) - (1.0 - SMOOTHING) * (z[base + label] - largest) - spread * total;
    hit[n] = select(0u, 1u, winner == label);
    for (var c = 0u; c < CLASSES; c++) {
        let target_share = select(spread, 1.0 - SMOOTHING + spread, c == label);
        dz[base + c] = (exp(z[base + c] - largest) / exponentials - target_share) / f32(step.count);
    }
}
