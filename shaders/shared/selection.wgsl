// State of one exact selection of the largest magnitudes, on the bits of floats. The bits of magnitudes,
// read as integers, have the order of the magnitudes, and the sign bit is dropped, so -0 equals 0.
const SELECTION_PREFIX = 0u;    // bits of the threshold found so far; at the end, the threshold
const SELECTION_REMAINING = 1u; // how many to keep among the magnitudes that begin with the prefix
const MAGNITUDE = 0x7fffffffu;
const CHUNK = 1024u;            // weights that one invocation walks through, 32 words of the mask

fn is_active(word: u32, bit: u32) -> bool { return ((word >> bit) & 1u) == 1u; }
