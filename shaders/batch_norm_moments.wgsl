// moments[slice,0,c] = mean of x[row,c] over the rows of the slice; moments[slice,1,c] = sum of squared distances from it
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read_write> moments: array<Value>;

const CHUNK = 8u; // rows that are summed before they are merged into what was before

// Means and squared distances of parts are merged as in Chan, Golub and LeVeque 1983, section 2: a sum of squares less
// the square of a sum would lose the variance of channels that lie far from 0.
@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if i >= C * SLICES { return; }
    let slice = i / C;
    let end = end_row(slice);
    var mean = Value(0.0);
    var squares = Value(0.0);
    var count = 0.0;
    for (var first = first_row(slice); first < end; first += CHUNK) {
        var values: array<Value, CHUNK>;
        var sum = Value(0.0);
        var own = 0.0;
        for (var k = 0u; k < CHUNK; k++) {
            let row = first + k;
            values[k] = x[min(row, end - 1u) * C + i % C];
            sum += select(Value(0.0), values[k], row < end);
            own += select(0.0, 1.0, row < end);
        }
        let center = sum / own;
        for (var k = 0u; k < CHUNK; k++) {
            let distance = select(Value(0.0), values[k] - center, first + k < end);
            squares += distance * distance;
        }
        let between = center - mean;
        mean += between * (own / (count + own));
        squares += between * between * (count * own / (count + own));
        count += own;
    }
    moments[slice * 2u * C + i % C] = mean;
    moments[(slice * 2u + 1u) * C + i % C] = squares;
}
