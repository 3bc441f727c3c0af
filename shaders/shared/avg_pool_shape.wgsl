// Geometry of one average pool. x is N·H·W·C, y is N·P·Q·C, where C counts vectors of the width that the text is made for.
override C: u32;
override H: u32;
override W: u32;
override P: u32;
override Q: u32;
override WINDOW_ROWS: u32;
override WINDOW_COLUMNS: u32;
override STRIDE: u32;
override LENGTH: u32; // invocations that have an element
override SHARE: f32 = 1.0 / f32(WINDOW_ROWS * WINDOW_COLUMNS);
