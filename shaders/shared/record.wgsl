// One row of the metrics table, which the host reads when it is due. Mirrored by Record in src/ops/metrics.rs.
const RECORD_WORDS = 4u;
const RECORD_LOSS = 0u;  // bits of the mean loss, f32
const RECORD_HITS = 1u;  // samples whose first largest output is the label's
const RECORD_COUNT = 2u; // samples
const RECORD_FAULT = 3u; // 0, LOSS_FAULT, or the first position of four parameters and, in its two free bits, what of them
const LOSS_FAULT = 0xffffffffu;
const GRADIENT_FAULT = 1u; // a gradient is not finite
const UPDATE_FAULT = 2u;   // a gradient is, but what it makes of a parameter or its moments is not

override ROWS: u32;

// First word of a row; of the last row, where there are not as many.
fn record_start(row: u32) -> u32 {
    return min(row, ROWS - 1u) * RECORD_WORDS;
}
