// Rows in slices: invocation i has the vector of channels i % C, of the width that the text is made for, in slice i / C,
// whose rows lie side by side. Rows far from each other would be as many streams as a CPU's prefetchers do not follow.
override C: u32; // vectors
override ROWS: u32;
override SLICE: u32; // rows; those of the last one may be fewer, but it has some
override SLICES: u32 = (ROWS + SLICE - 1u) / SLICE;

fn first_row(slice: u32) -> u32 { return slice * SLICE; }
fn end_row(slice: u32) -> u32 { return min(first_row(slice) + SLICE, ROWS); }
