// Winograd's F(4, 3) along an axis, by the points 0, 1, -1, 2, -2 and infinity (Lavin and Gray 2016, section 4.2): three
// taps over the pixels -1 to 4 give the outputs 0 to 3 of a tile.
const SIDE = 4u;
const POINTS = 6u;

fn input_to_points(d: array<Value, 6>) -> array<Value, 6> {
    let a = d[4] - 4.0 * d[2];
    let b = d[3] - 4.0 * d[1];
    let c = d[4] - d[2];
    let e = 2.0 * (d[3] - d[1]);
    return array(4.0 * d[0] - 5.0 * d[2] + d[4], a + b, a - b, c + e, c - e, 4.0 * d[1] - 5.0 * d[3] + d[5]);
}

fn weight_to_points(w: array<Value, 3>) -> array<Value, 6> {
    let a = (w[0] + w[2]) * (-1.0 / 6.0);
    let b = w[1] * (1.0 / 6.0);
    let c = (w[0] + 4.0 * w[2]) * (1.0 / 24.0);
    let d = w[1] * (1.0 / 12.0);
    return array(0.25 * w[0], a - b, a + b, c + d, c - d, w[2]);
}

fn points_to_output(m: array<Value, 6>) -> array<Value, 4> {
    let a = m[1] + m[2];
    let b = m[1] - m[2];
    let c = m[3] + m[4];
    let d = m[3] - m[4];
    return array(m[0] + a + c, b + 2.0 * d, a + 4.0 * c, b + 8.0 * d + m[5]);
}

// points_to_output transposed
fn output_to_points(d: array<Value, 4>) -> array<Value, 6> {
    let a = d[0] + d[2];
    let b = d[1] + d[3];
    let c = d[0] + 4.0 * d[2];
    let e = 2.0 * d[1] + 8.0 * d[3];
    return array(d[0], a + b, a - b, c + e, c - e, d[3]);
}

// weight_to_points transposed
fn points_to_weight(u: array<Value, 6>) -> array<Value, 3> {
    let a = (u[1] + u[2]) * (1.0 / 6.0);
    let b = (u[3] + u[4]) * (1.0 / 24.0);
    let between = (u[2] - u[1]) * (1.0 / 6.0) + (u[3] - u[4]) * (1.0 / 12.0);
    return array(0.25 * u[0] - a + b, between, 4.0 * b - a + u[5]);
}

// input_to_points transposed, and added up over tiles: t has the last point of the tile before, the tile's own six, and the
// first of the tile behind. No other point of a neighbour reaches the pixels 0 to 3.
fn points_to_input(t: array<Value, 8>) -> array<Value, 4> {
    let a = t[3] - t[2];
    let b = t[5] - t[4];
    let c = t[2] + t[3];
    let d = t[4] + t[5];
    return array(
        4.0 * (a + t[6]) + 2.0 * b + t[0],
        -5.0 * t[1] - 4.0 * c - d,
        -a - 2.0 * b - 5.0 * t[6],
        t[1] + c + d + 4.0 * t[7],
    );
}
