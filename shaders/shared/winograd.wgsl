// Tiles of SIDE x SIDE pixels of an image N·H·W·C, several channels to a value.
override N: u32;
override H: u32;
override W: u32;
override C: u32; // in values
override ROWS: u32 = (H + SIDE - 1u) / SIDE; // of tiles
override COLUMNS: u32 = (W + SIDE - 1u) / SIDE;
override TILES: u32 = N * ROWS * COLUMNS;

// A tile, the channels of a value, and its first pixel.
struct Tile { index: u32, c: u32, row: u32, column: u32, h: u32, w: u32, image: u32 }
fn tile_at(i: u32) -> Tile {
    let index = i / C;
    let row = index / COLUMNS % ROWS;
    let column = index % COLUMNS;
    return Tile(index, i % C, row, column, SIDE * row, SIDE * column, index / (ROWS * COLUMNS) * H);
}

fn is_inside(h: u32, w: u32) -> bool { return h < H && w < W; }
fn pixel(tile: Tile, h: u32, w: u32) -> u32 { return ((tile.image + h) * W + w) * C + tile.c; }
fn point(row: u32, column: u32, index: u32) -> u32 { return point_row(row, column, index, TILES) * C; }
