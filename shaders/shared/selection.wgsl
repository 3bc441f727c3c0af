// State of one exact selection of the largest keys.
const SELECTION_PREFIX = 0u;    // bits of the threshold found so far; at the end, the threshold
const SELECTION_REMAINING = 1u; // how many to keep among the keys that begin with the prefix
const CHUNK = 1024u;            // weights that one invocation walks through, 32 words of the mask

fn is_active(word: u32, bit: u32) -> bool { return ((word >> bit) & 1u) == 1u; }
