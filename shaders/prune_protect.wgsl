// keys[i] <- the largest key there is, for the active weight i of the largest key, the first of equal ones; none where no
// weight is active
@group(0) @binding(0) var<storage, read> mask: array<u32>;
@group(0) @binding(1) var<storage, read_write> keys: array<u32>;
override CHUNKS: u32;
override WORKGROUP_SIZE: u32;

const NOWHERE = 0xffffffffu;
var<workgroup> largest: array<u32, WORKGROUP_SIZE>;
var<workgroup> places: array<u32, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
    var key = 0u;
    var place = NOWHERE;
    for (var chunk = lane; chunk < CHUNKS; chunk += WORKGROUP_SIZE) {
        for (var word = 0u; word < CHUNK / 32u; word++) {
            let kept = mask[chunk * (CHUNK / 32u) + word];
            for (var bit = 0u; bit < 32u; bit++) {
                let i = chunk * CHUNK + word * 32u + bit;
                if is_active(kept, bit) && (place == NOWHERE || keys[i] > key) {
                    key = keys[i];
                    place = i;
                }
            }
        }
    }
    largest[lane] = key;
    places[lane] = place;
    for (var width = WORKGROUP_SIZE / 2u; width > 0u; width /= 2u) {
        workgroupBarrier();
        if lane < width {
            // Nowhere is the last place.
            let is_larger = largest[lane + width] > largest[lane];
            let is_first = largest[lane + width] == largest[lane] && places[lane + width] < places[lane];
            if is_larger || is_first {
                largest[lane] = largest[lane + width];
                places[lane] = places[lane + width];
            }
        }
    }
    if lane == 0u && places[0] != NOWHERE { keys[places[0]] = 0xffffffffu; }
}
