// What every product knows of its extent, whichever loops add it up. A kernel's store gets the z of the grid as it is.
override ROWS: u32;
override COLUMNS: u32;
override OUTER: u32;
override INNER: u32;
override SLICE: u32; // how much of OUTER one z of the grid adds up
override BATCH: u32; // products side by side: z counts them, and then the slices
var<private> batch: u32; // this one
