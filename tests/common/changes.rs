//! Changes to kernels that the self-test must notice.

/// A kernel, with its variant or without, what its text says, what it is to say instead, and the ops that may be blamed.
type Change = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

pub(crate) const CHANGES: &[Change] = &[
    // A dropped bias, in the output and in the gradient.
    (
        "conv2d_forward",
        "bias[column / OUT_WIDTH], HAS_BIAS",
        "0.0 * bias[column / OUT_WIDTH], HAS_BIAS",
        &["conv2d"],
    ),
    ("linear_grad_weight", "Left(1.0)", "Left(0.0)", &["linear"]),
    // A tap that is off by one, at the edge and in the window.
    (
        "conv2d_forward",
        "row.h + r < H",
        "row.h + r < H - 1u",
        &["conv2d"],
    ),
    (
        "conv2d_grad_weight",
        "row / C % KERNEL",
        "(row / C + 1u) % KERNEL",
        &["conv2d"],
    ),
    (
        "max_pool_forward",
        "r * KERNEL + s)",
        "s * KERNEL + r)",
        &["max_pool"],
    ),
    // Winograd's algorithm: a wrong coefficient, an edge that is not 0 or not written, and a neighbour left out.
    (
        "conv2d_winograd_weight/f4",
        "0.25 * w[0]",
        "0.5 * w[0]",
        &["conv2d"],
    ),
    (
        "conv2d_winograd_weight/f2",
        "outer - between",
        "outer",
        &["conv2d"],
    ),
    (
        "conv2d_winograd_input",
        "select(Value(0.0), x",
        "select(Value(0.5), x",
        &["conv2d"],
    ),
    (
        "conv2d_winograd_input/f2",
        "d[2] - d[1]",
        "d[2] + d[1]",
        &["conv2d"],
    ),
    (
        "conv2d_winograd_output/f4",
        "b + 2.0 * d",
        "b - 2.0 * d",
        &["conv2d"],
    ),
    ("conv2d_winograd_output/f2", "- m[3]", "+ m[3]", &["conv2d"]),
    (
        "conv2d_winograd_grad_output/f4",
        "2.0 * d[1]",
        "d[1]",
        &["conv2d"],
    ),
    (
        "conv2d_winograd_grad_output/f2",
        "-d[1]",
        "d[1]",
        &["conv2d"],
    ),
    (
        "conv2d_winograd_grad_input/f4",
        "d + 4.0",
        "d - 4.0",
        &["conv2d"],
    ),
    ("conv2d_winograd_grad_input/f2", " - t[0]", "", &["conv2d"]),
    ("conv2d_winograd_grad_weight/f4", " + u[5]", "", &["conv2d"]),
    (
        "conv2d_winograd_grad_weight/f2",
        "0.5 * (u[1] - u[2])",
        "u[1] - u[2]",
        &["conv2d"],
    ),
    // A wrong sign, condition or factor in a gradient.
    ("conv2d_grad_input", "w[(origin", "-w[(origin", &["conv2d"]),
    ("relu_grad_input", "y[i] > 0.0", "y[i] >= 0.0", &["relu"]),
    (
        "cross_entropy",
        "/ f32(step.count)",
        "/ f32(N)",
        &["cross_entropy"],
    ),
    // Slices that are not all added up.
    (
        "sum_slices",
        "var slice = 0u",
        "var slice = 1u",
        &["linear", "conv2d"],
    ),
    // A mask that is not applied, a rule that is not quite the optimiser's, and a NaN that is let through.
    (
        "sgd_update",
        "select(vec4(0.0), moved, keep)",
        "moved",
        &["update"],
    ),
    (
        "adam_update",
        "(1.0 - BETA_2) * g * g",
        "(1.0 - BETA_2) * g",
        &["update"],
    ),
    (
        "adam_update",
        "if any(broken(dw[i], keep))",
        "if false",
        &["update"],
    ),
    (
        "prune_apply",
        "rank < remaining",
        "rank <= remaining",
        &["prune", "regrow"],
    ),
    // Races, and an output that is not set.
    (
        "prune_select",
        "workgroupBarrier();\n    if lane",
        "if lane",
        &["prune", "regrow"],
    ),
    (
        "metrics",
        "for (var width = WORKGROUP_SIZE / 2u",
        "for (var width = WORKGROUP_SIZE / 4u",
        &["metrics"],
    ),
    (
        "relu_forward",
        "if i >= LENGTH",
        "if i + 1u >= LENGTH",
        &["relu"],
    ),
    // One past the end.
    ("relu_forward", "if i >= LENGTH", "if i > LENGTH", &["relu"]),
    // Another weight that is protected.
    (
        "prune_protect",
        "keys[i] > key",
        "keys[i] < key",
        &["prune"],
    ),
    // The wrong order of scores, and draws that repeat.
    ("score_magnitude", "magnitude_key(w[i])", "w[i]", &["score"]),
    ("score_snip", "w[i] * dw[i]", "w[i] + dw[i]", &["score"]),
    ("score_random", "draw[k]", "draw[0]", &["score"]),
    // The wrong sample, and a pixel that rounds the other way.
    (
        "gather_batch",
        "step.position + min",
        "min",
        &["gather_batch"],
    ),
    (
        "gather_batch",
        "i32(W) << 16u",
        "i32(W - 1u) << 16u",
        &["gather_batch"],
    ),
];
