// y = (x with its colours jittered and a rectangle erased) * scale + offset; one workgroup has one image, x is 0 to 255
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> order: array<u32>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read> scale: array<f32>; // C factors, then C offsets
@group(0) @binding(4) var<storage, read> factors: array<f32>; // LEVELS of brightness, contrast, saturation and hue each
@group(0) @binding(5) var<storage, read> sizes: array<vec2<u32>>; // rows and columns of rectangles
@group(0) @binding(6) var<storage, read_write> y: array<f32>;
override N: u32;
override H: u32;
override W: u32;
override C: u32; // 1 or 3
override JITTERS: bool;
override LEVELS: u32;
override SIZES: u32;
override ERASED: u32; // a rectangle is erased if 24 random bits are below this
override ERASES_TO_MEAN: bool; // otherwise to black
override WORKGROUP_SIZE: u32;

// Kinds of change, in the order of the table of factors.
const CONTRAST = 1u;
const SATURATION = 2u;
const HUE = 3u;
const WHITE = 255.0;

// What is drawn for an image: four kinds of change in their order and the factor of each kind, and what is erased.
struct Choice { kinds: array<u32, 4>, factors: array<f32, 4>, corner: vec2<u32>, size: vec2<u32> }

var<workgroup> choice: Choice;
var<workgroup> sums: array<f32, WORKGROUP_SIZE>;

fn choose(sample: u32) {
    let levels = draw(sample, 2u);
    let keys = draw(sample, 3u);
    for (var kind = 0u; kind < 4u; kind++) {
        choice.factors[kind] = factors[kind * LEVELS + levels[kind] % LEVELS];
        var place = 0u; // how many of the four random words come before its own
        for (var other = 0u; other < 4u; other++) {
            let before = keys[other] < keys[kind] || (keys[other] == keys[kind] && other < kind);
            place += select(0u, 1u, before);
        }
        choice.kinds[place] = kind;
    }
    let rectangle = draw(sample, 4u);
    choice.size = select(vec2(0u), sizes[rectangle.y % SIZES], (rectangle.x >> 8u) < ERASED);
    let room = vec2(H, W) - choice.size + 1u;
    let corner = rectangle.z % (room.x * room.y);
    choice.corner = vec2(corner / room.y, corner % room.y);
}

fn grey(color: vec3<f32>) -> f32 {
    return select(dot(color, vec3(0.2989, 0.587, 0.114)), color.x, C == 1u);
}

// The colour after all changes, or after those that come before contrast.
fn jittered(pixel: vec3<f32>, mean: f32, all: bool) -> vec3<f32> {
    var color = pixel;
    for (var k = 0u; k < 4u; k++) {
        let kind = choice.kinds[k];
        let factor = choice.factors[kind];
        if kind == CONTRAST && !all { break; }
        if kind == HUE {
            if factor != 0.0 { color = with_hue_moved(color, factor); }
        } else {
            var other = 0.0; // brightness blends with black
            if kind == CONTRAST { other = mean; }
            if kind == SATURATION { other = grey(color); }
            color = clamp(color * factor + other * (1.0 - factor), vec3(0.0), vec3(WHITE));
        }
    }
    return color;
}

// Three components of pixel i of the batch; those of a grey one are equal.
fn pixel(i: u32) -> vec3<f32> {
    return vec3(x[i * C], x[i * C + C / 2u], x[i * C + C - 1u]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let n = group.y * groups.x + group.x;
    if n >= N { return; }
    if lane == 0u { choose(sample_of(n)); }
    workgroupBarrier();
    var mean = 0.0;
    if JITTERS {
        var sum = 0.0;
        for (var i = lane; i < H * W; i += WORKGROUP_SIZE) {
            sum += grey(jittered(pixel(n * H * W + i), 0.0, false));
        }
        sums[lane] = sum;
        for (var width = WORKGROUP_SIZE / 2u; width > 0u; width /= 2u) {
            workgroupBarrier();
            if lane < width { sums[lane] += sums[lane + width]; }
        }
        workgroupBarrier();
        mean = sums[0] / f32(H * W);
    }
    for (var i = lane; i < H * W; i += WORKGROUP_SIZE) {
        var color = pixel(n * H * W + i);
        if JITTERS { color = jittered(color, mean, true); }
        let erased = all(vec2(i / W, i % W) - choice.corner < choice.size); // wraps below zero
        for (var c = 0u; c < C; c++) {
            let value = select(color[c], 0.0, erased) * scale[c] + scale[C + c];
            y[(n * H * W + i) * C + c] = select(value, 0.0, erased && ERASES_TO_MEAN);
        }
    }
}
