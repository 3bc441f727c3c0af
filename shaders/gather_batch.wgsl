// x[n,h,w,c] = (byte of sample order[position+n] at its source pixel / 255 - mean[c]) / std[c]; labels[n] likewise
// The source pixel is (h, w) itself, or where random changes of sample n take it from.
@group(0) @binding(0) var<storage, read> images: array<u32>;
@group(0) @binding(1) var<storage, read> all_labels: array<u32>;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read> step: Step;
@group(0) @binding(4) var<storage, read> scale: array<f32>; // C factors, then C offsets
@group(0) @binding(5) var<storage, read> turns: array<vec2<i32>>; // cosine and sine of the angles, times 65536
@group(0) @binding(6) var<storage, read_write> x: array<f32>;
@group(0) @binding(7) var<storage, read_write> labels: array<u32>;
override N: u32;
override H: u32;
override W: u32;
override C: u32;
override SAMPLES: u32;
override FIRST: u32; // the sample that images begin with,
override COUNT: u32; // and how many they hold; other launches take the other samples of the batch
override MARGIN: u32; // 0: no crop
override REFLECTS: bool;
override FLIPS: bool;
override TURNS: u32; // 0: neither turned nor shifted
override SHIFT: u32; // largest translation along each axis, in pixels

fn byte_at(i: u32) -> u32 {
    return (images[i / 4u] >> (i % 4u * 8u)) & 0xffu;
}

// How a sample is changed: first cropped, then mirrored, then turned and moved to the left and up.
struct Motion { corner: vec2<u32>, mirrored: bool, turn: vec2<i32>, shift: vec2<i32> }

fn motion_of(sample: u32) -> Motion {
    var motion = Motion(vec2(MARGIN), false, vec2(0), vec2(0));
    if TURNS > 0u {
        let random = draw(sample, 0u);
        let span = 2u * SHIFT + 1u;
        motion.shift = vec2<i32>(vec2(random.y % span, random.z % span)) - i32(SHIFT);
        motion.turn = turns[random.x % max(TURNS, 1u)];
    }
    if MARGIN > 0u || FLIPS {
        let random = draw(sample, 1u);
        motion.corner = random.xy % (2u * MARGIN + 1u);
        motion.mirrored = FLIPS && random.z % 2u == 1u;
    }
    return motion;
}

// A place along an axis of the image with a margin, as one without; outside it wraps or is too large, but the margin may
// mirror the image about its outermost pixels.
fn without_margin(place: u32, extent: u32) -> u32 {
    let inside = place - MARGIN;
    if !REFLECTS { return inside; }
    let folded = select(inside, MARGIN - place, place < MARGIN);
    return select(folded, 2u * (extent - 1u) - inside, folded >= extent);
}

// Nearest source pixel of (h, w); outside the image it wraps or is too large.
// The arithmetic is in integers, so that every adapter picks the same pixel.
fn turned_pixel(motion: Motion, h: u32, w: u32) -> vec2<u32> {
    // Twice the distance from the centre, so that a half pixel is a whole number.
    let v = 2 * (i32(h) - motion.shift.y) - (i32(H) - 1);
    let u = 2 * (i32(w) - motion.shift.x) - (i32(W) - 1);
    let source_u = (motion.turn.x * u - motion.turn.y * v) + (i32(W) << 16u);
    let source_v = (motion.turn.y * u + motion.turn.x * v) + (i32(H) << 16u);
    // An arithmetic shift by 17 halves, drops the fraction and rounds down.
    return vec2<u32>(vec2(source_v >> 17u, source_u >> 17u));
}

// The changes backwards. Once outside the image, a pixel stays outside.
fn source_pixel(motion: Motion, h: u32, w: u32) -> vec2<u32> {
    var place = vec2(h, w);
    if TURNS > 0u { place = turned_pixel(motion, h, w); }
    let outside = place.x >= H || place.y >= W;
    if motion.mirrored { place.y = W - 1u - place.y; }
    if MARGIN > 0u {
        place += motion.corner;
        place = vec2(without_margin(place.x, H), without_margin(place.y, W));
    }
    return select(place, vec2(H), outside);
}

// An invocation takes a row of pixels, so that the random numbers of a sample are drawn once for each of them.
@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let row = flat_index(id, groups);
    if row >= N * H { return; }
    let h = row % H;
    let n = row / H;
    let sample = min(sample_of(n), SAMPLES - 1u);
    let own = sample - FIRST; // wraps below zero, so one test catches both ends
    if own >= COUNT { return; }
    if h == 0u { labels[n] = all_labels[sample]; }
    let motion = motion_of(sample);
    for (var w = 0u; w < W; w++) {
        let source = source_pixel(motion, h, w);
        let inside = source.x < H && source.y < W;
        let base = select(0u, ((own * H + source.x) * W + source.y) * C, inside);
        for (var c = 0u; c < C; c++) {
            x[(row * W + w) * C + c] = f32(select(0u, byte_at(base + c), inside)) * scale[c] + scale[C + c];
        }
    }
}
