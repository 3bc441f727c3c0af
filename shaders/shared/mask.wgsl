// Which of the i-th four parameters are kept. The kernel's mask has one bit for each, so a word of it covers eight such
// vectors.
fn kept(i: u32) -> vec4<bool> {
    let bits = mask[i / 8u] >> (i % 8u * 4u);
    return (vec4(bits) & vec4(1u, 2u, 4u, 8u)) != vec4(0u);
}
