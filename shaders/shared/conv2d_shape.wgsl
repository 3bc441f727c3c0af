// Geometry of one convolution. x is N·H·W·C, w is KERNEL·KERNEL·C·K, y is N·P·Q·K.
override C: u32;
override H: u32;
override W: u32;
override K: u32;
override P: u32;
override Q: u32;
override KERNEL: u32;
override STRIDE: u32;
override PAD: u32;
