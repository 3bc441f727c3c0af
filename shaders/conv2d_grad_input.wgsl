// dx[n,h,w,c] = sum over r,s,k of dy[n, (h+PAD-r)/STRIDE, (w+PAD-s)/STRIDE, k] * w[r,s,c,k], where the divisions are exact
@group(0) @binding(0) var<storage, read> dy: array<Left>;
@group(0) @binding(1) var<storage, read> w: array<Right>;
@group(0) @binding(2) var<storage, read_write> dx: array<Out>;
override ADDS: bool;

const LEFT_ROWS = 1u; // both values are along k
const RIGHT_COLUMNS = 1u;

// A row is an input pixel. If BY_PIXEL they count as (h, w, n): neighbouring rows are one pixel of many images, so a
// tap that misses dy misses it for all of them, and the loop can skip it; otherwise as (n, h, w), as they lie in memory.
override N: u32 = ROWS / (H * W);
fn image_of(row: u32) -> u32 { return select(row / (H * W), row % N, BY_PIXEL); }
fn pixel_of(row: u32) -> u32 { return select(row % (H * W), row / N, BY_PIXEL); }

struct Row { h: u32, w: u32, image: u32 }
fn row_at(row: u32) -> Row {
    return Row(pixel_of(row) / W + PAD, pixel_of(row) % W + PAD, image_of(row) * P * Q);
}

// The i-th pixel of dy under windows that end at this input pixel and slide along its row.
fn row_in_window(row: u32, i: u32) -> Row {
    let first = row_at(row);
    return Row(first.h, first.w + i, first.image);
}

// The outer loop is a tap (r, s), the inner one k.
struct Spot { base: u32, inside: bool }
fn left_at(row: Row, outer: u32) -> Spot {
    // A difference below zero wraps and is far past P * STRIDE, so one test catches both edges.
    let h = row.h - outer / KERNEL;
    let w = row.w - outer % KERNEL;
    let exact = STRIDE == 1u || (h % STRIDE == 0u && w % STRIDE == 0u);
    let inside = exact && h < P * STRIDE && w < Q * STRIDE;
    return Spot(select(0u, (row.image + h / STRIDE * Q + w / STRIDE) * (K / LEFT_WIDTH), inside), inside);
}
override MAY_MISS: bool = KERNEL > 1u || STRIDE > 1u || PAD > 0u;
fn reaches(spot: Spot) -> bool { return spot.inside; }

fn left(spot: Spot, k: u32) -> Left { return select(Left(0.0), dy[spot.base + k], spot.inside); }

fn right_at(outer: u32) -> u32 { return outer * C; }

fn right(origin: u32, k: u32, column: u32) -> Right { return w[(origin + column) * (K / RIGHT_WIDTH) + k]; }

fn store(row: u32, column: u32, z: u32, sum: Out) {
    let i = ((image_of(row) * H * W + pixel_of(row)) * C + column) / OUT_WIDTH;
    if ADDS { dx[i] += sum; } else { dx[i] = sum; }
}
