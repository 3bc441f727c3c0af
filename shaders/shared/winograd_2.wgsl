// Winograd's F(2, 3) along an axis, by the points 0, 1, -1 and infinity (Lavin and Gray 2016, section 4.1): three taps over
// the pixels -1 to 2 give the outputs 0 and 1 of a tile. The functions are those of winograd_4.
const SIDE = 2u;
const POINTS = 4u;

fn input_to_points(d: array<Value, 4>) -> array<Value, 4> {
    return array(d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]);
}

fn weight_to_points(w: array<Value, 3>) -> array<Value, 4> {
    let outer = 0.5 * (w[0] + w[2]);
    let between = 0.5 * w[1];
    return array(w[0], outer + between, outer - between, w[2]);
}

fn points_to_output(m: array<Value, 4>) -> array<Value, 2> {
    return array(m[0] + m[1] + m[2], m[1] - m[2] - m[3]);
}

fn output_to_points(d: array<Value, 2>) -> array<Value, 4> {
    return array(d[0], d[0] + d[1], d[0] - d[1], -d[1]);
}

fn points_to_weight(u: array<Value, 4>) -> array<Value, 3> {
    let sum = 0.5 * (u[1] + u[2]);
    return array(u[0] + sum, 0.5 * (u[1] - u[2]), sum + u[3]);
}

fn points_to_input(t: array<Value, 6>) -> array<Value, 2> {
    return array(t[2] - t[3] + t[4] - t[0], t[2] + t[3] - t[1] + t[5]);
}
