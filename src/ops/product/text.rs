//! The declarations of a product's kernel that cannot be overrides, as WGSL.

use std::ops::Range;

use super::Window;
use crate::ops::vector_type;

/// WGSL for the values of an operand, `width` numbers each.
pub(super) fn vectors(side: &str, name: &str, width: u32) -> String {
    let of = vector_type("f32", width);
    let at = if width == 1 { "" } else { "[i]" };
    let constant = side.to_uppercase();
    format!(
        "alias {name} = {of};\nconst {constant}_WIDTH = {width}u;\n\
         fn {side}_part(value: {name}, i: u32) -> f32 {{ return value{at}; }}\n"
    )
}

/// WGSL for what each lane has of a value, in vectors. The lane of a broadcast is a constant; a shuffle by the variable of a
/// loop is no dearer on some drivers once the loop is unrolled, and a walk over the lanes on others.
pub(super) fn broadcasts(lanes: u32) -> String {
    let vectors = lanes / 4;
    let lane = |i: u32| format!("subgroupBroadcast(value, {i}u)");
    let vector = |v: u32| format!("vec4({})", joined(4 * v..4 * v + 4, lane));
    format!(
        "fn of_lanes(value: f32) -> array<vec4<f32>, {vectors}> {{ return array({}); }}\n",
        joined(0..vectors, vector)
    )
}

/// WGSL that goes through the parts of a tile, and the columns that each lane has of a part. One driver leaves a loop as it
/// is whose body grows long when the loops in it are unrolled, and fetches the sums lane by lane then.
pub(super) fn each_part(parts: u32, columns: u32) -> String {
    let multiply = |part: u32| (0..columns).map(move |q| format!("multiply({part}u, {q}u, tap); "));
    let multiplies: String = (0..parts).flat_map(multiply).collect();
    let store = |part: u32| format!("store_part({part}u, row, column, z); ");
    let stores: String = (0..parts).map(store).collect();
    format!(
        "fn multiply_parts(tap: u32) {{ {multiplies}}}\n\
         fn store_parts(row: u32, column: u32, z: u32) {{ {stores}}}\n"
    )
}

/// WGSL for the rows of a lane: neighbours that a window slides along, or every `lanes`-th value.
pub(super) fn rows(window: Option<Window>) -> String {
    let [row_stride, lane_stride] = match window {
        Some(_) => ["1u", "TILE_ROWS"],
        None => ["LANES * LEFT_ROWS", "LEFT_ROWS"],
    };
    let Window { taps, step, falls } = window.unwrap_or(Window::ONE);
    let taps_of = (0..taps).map(|tap| format!("multiply_tap(outer, turn, {tap}u); "));
    let taps_of: String = taps_of.collect();
    let tap_of = if falls { "WINDOW - 1u - tap" } else { "tap" };
    let loaded = match window {
        Some(_) => "row_in_window(min(first, ROWS - TILE_ROWS), i)",
        None => "row_at(min(first + i * ROW_STRIDE, (ROWS - 1u) / LEFT_ROWS * LEFT_ROWS))",
    };
    format!(
        "const ROW_STRIDE = {row_stride};\nconst LANE_STRIDE = {lane_stride};\n\
         const WINDOW = {taps}u;\nconst STEP = {step}u;\n\
         fn tap_of(tap: u32) -> u32 {{ return {tap_of}; }}\n\
         fn loaded_row(first: u32, i: u32) -> Row {{ return {loaded}; }}\n\
         fn multiply_window(outer: u32, turn: u32) {{ {taps_of}}}\n"
    )
}

/// WGSL for what is stored, `width` columns of a row.
pub(super) fn out_vectors(width: u32) -> String {
    let of = vector_type("f32", width);
    let parts = joined(0..width, |i| format!("values[{i}]"));
    format!(
        "alias Out = {of};\nconst OUT_WIDTH = {width}u;\n\
         fn out_of(values: array<f32, {width}>) -> Out {{ return {of}({parts}); }}\n"
    )
}

fn joined(range: Range<u32>, part: impl Fn(u32) -> String) -> String {
    range.map(part).collect::<Vec<_>>().join(", ")
}
