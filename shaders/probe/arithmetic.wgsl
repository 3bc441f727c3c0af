// results[i] = what the operations of the adapter make of a[i], b[i] and c[i]; evaluated in src/selftest/arithmetic.rs
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> c: array<f32>;
@group(0) @binding(3) var<storage, read_write> results: array<Results>;
override LENGTH: u32;

// Mirrored by Results in src/selftest/arithmetic.rs.
struct Results {
    sum: f32,
    product: f32,
    quotient: f32,
    root: f32,
    exponential: f32,
    logarithm: f32,
    fused: f32,       // fma(a, b, c)
    separate: f32,    // a * b + c, which a compiler may fuse
    error_term: f32,  // what a + b rounds away, by Knuth's two-sum
    positive: f32,    // max(a, 0)
    nothing: f32,     // a * 0
    differs: u32,     // a != a
    is_finite: u32,   // by the test that training relies on
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= LENGTH { return; }
    let x = a[i];
    let y = b[i];
    let z = c[i];
    let sum = x + y;
    let part = sum - x;
    let error_term = (x - (sum - part)) + (y - part);
    results[i] = Results(
        sum, x * y, x / y, sqrt(x), exp(x), log(x), fma(x, y, z), x * y + z, error_term,
        max(x, 0.0), x * 0.0, select(0u, 1u, x != x), select(0u, 1u, is_finite(x)),
    );
}
