// Sums over outer and inner of left * right, for each row and column. The kernel above says what these are, see
// product_block.
// A workgroup of SIDE x SIDE invocations shares a tile of TILE x TILE sums, and each owns EACH x EACH of them in registers.
// What DEPTH steps of the inner loop need is loaded by all of them together, once, into memory that they share; what is
// past an end is 0 there.

const TILE = SIDE * EACH;
const WIDTH = TILE / 4u; // of a step, in vectors
const QUARTERS = EACH / 4u;
var<workgroup> lefts: array<vec4<f32>, DEPTH * WIDTH>;
var<workgroup> rights: array<vec4<f32>, DEPTH * WIDTH>;

// Step and row (or column) of a number of the slab, so that invocations side by side load what lies side by side.
fn part(i: u32, is_inner: bool) -> vec2<u32> {
    return select(vec2(i / TILE, i % TILE), vec2(i % DEPTH, i / DEPTH), is_inner);
}

@compute @workgroup_size(SIDE, SIDE)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) own: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let column_tiles = (COLUMNS + TILE - 1u) / TILE;
    let tile = group.y * groups.x + group.x;
    // Tiles past the end hold zeros and store nothing; all invocations must stay for the barriers.
    let first_row = tile / column_tiles * TILE;
    let first_column = tile % column_tiles * TILE;
    batch = group.z % BATCH;
    let slice = group.z / BATCH;
    let end = min((slice + 1u) * SLICE, OUTER);
    var sums: array<array<f32, EACH>, EACH>;
    for (var outer = slice * SLICE; outer < end; outer++) {
        let origin = right_at(outer);
        for (var first = 0u; first < INNER; first += DEPTH) {
            workgroupBarrier(); // until all have read the slab before
            for (var i = index; i < DEPTH * TILE; i += SIDE * SIDE) {
                let l = part(i, LEFT_IS_INNER);
                let row = first_row + l.y;
                var value = 0.0;
                if row < ROWS && first + l.x < INNER { value = left(left_at(row_at(row), outer), first + l.x); }
                lefts[l.x * WIDTH + l.y / 4u][l.y % 4u] = value;
                let r = part(i, RIGHT_IS_INNER);
                let column = first_column + r.y;
                value = 0.0;
                if column < COLUMNS && first + r.x < INNER { value = right(origin, first + r.x, column); }
                rights[r.x * WIDTH + r.y / 4u][r.y % 4u] = value;
            }
            workgroupBarrier();
            for (var step = 0u; step < DEPTH; step++) {
                var a: array<vec4<f32>, QUARTERS>;
                var b: array<vec4<f32>, QUARTERS>;
                for (var q = 0u; q < QUARTERS; q++) {
                    a[q] = lefts[step * WIDTH + q * SIDE + own.y];
                    b[q] = rights[step * WIDTH + q * SIDE + own.x];
                }
                for (var i = 0u; i < EACH; i++) {
                    for (var j = 0u; j < EACH; j++) {
                        sums[i][j] = fma(a[i / 4u][i % 4u], b[j / 4u][j % 4u], sums[i][j]);
                    }
                }
            }
        }
    }
    for (var i = 0u; i < EACH; i++) {
        let row = first_row + (i / 4u * SIDE + own.y) * 4u + i % 4u;
        for (var j = 0u; j < EACH; j++) {
            let column = first_column + (j / 4u * SIDE + own.x) * 4u + j % 4u;
            if row < ROWS && column < COLUMNS { store(row, column, group.z, Out(sums[i][j])); }
        }
    }
}
