// What every product knows of its extent, whichever loops add it up. A kernel's store gets the z of the grid as it is.
override ROWS: u32;
override COLUMNS: u32;
override OUTER: u32;
override INNER: u32;
override SLICE: u32; // how much of OUTER one z of the grid adds up
override BATCH: u32; // products in one launch: z counts them, and then the slices
override BESIDE: u32; // so many of them have their rows next to each other: the first row of each, then the second
var<private> batch: u32; // this one

// A row of the z-th product, which has so many, as a row of them all.
fn row_beside(row: u32, rows: u32, z: u32) -> u32 { return (z / BESIDE * rows + row) * BESIDE + z % BESIDE; }
