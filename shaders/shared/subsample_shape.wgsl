// Geometry of one subsampling. x is N·H·W·C, y is N·P·Q·K.
override C: u32;
override H: u32;
override W: u32;
override K: u32;
override P: u32;
override Q: u32;
override STRIDE: u32;
override BEFORE: u32; // channels of zeros before those of x
override LENGTH: u32; // invocations that have an element
