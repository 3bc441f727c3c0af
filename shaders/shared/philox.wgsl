// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"), as src/random.rs.

// Low and high word of a * b. WGSL has no 64-bit product, so the high word comes from 16-bit halves.
fn wide_product(a: u32, b: u32) -> vec2<u32> {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let middle_1 = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
    let middle_2 = (a & 0xffffu) * (b >> 16u) + (middle_1 & 0xffffu);
    return vec2(a * b, (a >> 16u) * (b >> 16u) + (middle_1 >> 16u) + (middle_2 >> 16u));
}

fn philox(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    var c = counter;
    var k = key;
    for (var round = 0u; round < 10u; round++) {
        let p = wide_product(0xD2511F53u, c.x);
        let q = wide_product(0xCD9E8D57u, c.z);
        c = vec4(q.y ^ c.y ^ k.x, q.x, p.y ^ c.w ^ k.y, p.x);
        k += vec2(0x9E3779B9u, 0xBB67AE85u);
    }
    return c;
}
