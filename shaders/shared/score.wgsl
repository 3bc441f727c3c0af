// The bits of magnitudes, read as integers, have the order of the magnitudes; without the sign, -0 equals 0.
fn magnitude_key(bits: u32) -> u32 { return bits & 0x7fffffffu; }
