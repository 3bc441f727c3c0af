// Rows in slices: invocation i has the vector of channels i % C, of the width that the text is made for, in the rows
// i / C, i / C + SLICES and so on, so that neighbours load neighbours.
override C: u32; // vectors
override ROWS: u32;
override SLICES: u32;
