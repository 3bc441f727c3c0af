//! The declarations of a product's kernel that cannot be overrides, as WGSL.

use std::ops::Range;

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
    let multiply = |part: u32| (0..columns).map(move |q| format!("multiply({part}u, {q}u); "));
    let multiplies: String = (0..parts).flat_map(multiply).collect();
    let store = |part: u32| format!("store_part({part}u, row, column, z); ");
    let stores: String = (0..parts).map(store).collect();
    format!(
        "fn multiply_parts() {{ {multiplies}}}\n\
         fn store_parts(row: u32, column: u32, z: u32) {{ {stores}}}\n"
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
