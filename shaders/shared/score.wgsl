// What is not finite, and what ranks above all others.
const HIGHEST = 0xffffffffu;

// The bits of magnitudes, read as integers, have the order of the magnitudes; without the sign, -0 equals 0.
fn magnitude_key(bits: u32) -> u32 {
    let key = bits & 0x7fffffffu;
    return select(key, HIGHEST, key >= 0x7f800000u);
}

// The same of numbers with signs: below 0, the order of the bits turns round.
fn signed_key(bits: u32) -> u32 {
    let magnitude = magnitude_key(bits);
    let is_below = (bits >> 31u) == 1u && magnitude != 0u;
    let key = select(magnitude | 0x80000000u, ~bits, is_below);
    return select(key, HIGHEST, magnitude == HIGHEST);
}
