// Arrays of points are [row, index, column, channels]: planes of their own for each point would be more streams than a CPU
// follows. This is the place of a point of tile or channel `index` of `count`, in rows of channels.
fn point_row(row: u32, column: u32, index: u32, count: u32) -> u32 { return (row * count + index) * POINTS + column; }
