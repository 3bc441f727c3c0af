//! The tile of `product_lanes`, in which each lane of a subgroup owns rows and all lanes share the columns.

use super::text::{broadcasts, each_part, out_vectors, rows, vectors};
use super::{Choice, Extent, Operand, Slide};
use crate::gpu::Kernel;
use crate::ops::vector_width;

/// Largest tile: more sums take the driver seconds to compile, and run slower. Where a value of one side holds several rows
/// or columns, as in all but input gradients, loads are so few to a sum that twice as many pay still.
const MAX_ROWS: u32 = 8;
const MAX_COLUMNS: u32 = 64;
const MAX_SUMS: u32 = 256;
const MAX_SUMS_ACROSS: u32 = 512;

/// Most outer steps of a window, and most of its sums times those, as all are unrolled: five steps took longer than the
/// loads that they save.
const MAX_TAPS: u32 = 3;
const MAX_WINDOW: u32 = 512;

/// Most inner steps in a turn. A sum that is not in a register is fetched and stored once a turn, and all of a turn is
/// unrolled.
const MAX_STEPS: u32 = 5;

/// A tile of one workgroup.
#[derive(Clone, Copy)]
struct Tile {
    /// Of a lane.
    rows: u32,
    /// Of all lanes.
    columns: u32,
    /// How the right operand is loaded. The lanes share the columns of a tile evenly, so wide values may reach far past
    /// the last one.
    right: Operand,
    slide: Option<Slide>,
}

/// The kernel for this extent, on an adapter with so many lanes.
pub(super) fn choice(kernel: &Kernel, extent: Extent, lanes: u32) -> Choice {
    let tile = Tile::best(extent, lanes);
    let Tile {
        rows: r,
        columns: c,
        right,
        slide,
    } = tile;
    let (left, steps) = (extent.left, inner_steps(extent));
    let [left_width, right_width] = [left, right].map(Operand::width);
    let parts = c / (lanes * right.across());
    let out_width = vector_width(extent.columns);
    let text = [
        format!("const LANES = {lanes}u;\nconst TILE_ROWS = {r}u;\n"),
        format!("const PARTS = {parts}u;\nconst STEPS = {steps}u;\n"),
        format!("const BY_PIXEL = {};\n", slide.is_none()),
        broadcasts(lanes),
        each_part(parts, right.across()),
        rows(slide.map(|slide| slide.window)),
        vectors("left", "Left", left_width),
        vectors("right", "Right", right_width),
        out_vectors(out_width),
    ];
    let taps = tile.taps();
    let window = match slide {
        Some(Slide { window, .. }) => format!("x{taps}by{}", window.step),
        None => String::new(),
    };
    let variant =
        format!("lanes{lanes}-{r}x{c}x{steps}{window}/{left_width}x{right_width}x{out_width}");
    Choice {
        kernel: kernel.with(variant, &text.concat()),
        constants: Vec::new(),
        tiles: extent.tiles(r * lanes, c),
        invocations_per_group: 1,
        taps,
    }
}

/// Inner steps of a turn, in whole values of both operands.
fn inner_steps(extent: Extent) -> u32 {
    let fits = |steps: &u32| {
        let whole = |operand: Operand| steps.is_multiple_of(operand.steps());
        extent.inner.is_multiple_of(*steps) && whole(extent.left) && whole(extent.right)
    };
    let mut most_first = (1..=MAX_STEPS).rev();
    most_first
        .find(fits)
        .expect("the inner loop has whole turns")
}

impl Tile {
    /// The cheapest one; of equal ones that with fewer rows, which is faster.
    fn best(extent: Extent, lanes: u32) -> Self {
        let slides = |slide: &Slide| extent.left.across() == 1 && slide.window.taps <= MAX_TAPS;
        let slides = [None, extent.slide.filter(slides)];
        let rights = extent.right.narrower();
        let tiles = rights.flat_map(|right| {
            let unit = lanes * right.across();
            (1..=MAX_ROWS).flat_map(move |rows| {
                let columns = (unit..=MAX_COLUMNS).step_by(unit as usize);
                columns.map(move |columns| Self {
                    rows,
                    columns,
                    right,
                    slide: None,
                })
            })
        });
        tiles
            .flat_map(|tile| slides.map(|slide| Self { slide, ..tile }))
            .filter(|tile| tile.is_possible(extent))
            .min_by_key(|tile| tile.cost(extent, lanes))
            .expect("one lane's vector fits a tile")
    }

    fn is_possible(self, extent: Extent) -> bool {
        let sums = self.rows * self.columns;
        let slides = self.slide.is_none_or(|slide| {
            slide.run.is_multiple_of(self.rows) && sums * slide.window.taps <= MAX_WINDOW
        });
        let most = if extent.left.across().max(self.right.across()) > 1 {
            MAX_SUMS_ACROSS
        } else {
            MAX_SUMS
        };
        slides && sums <= most && self.rows.is_multiple_of(extent.left.across())
    }

    fn taps(self) -> u32 {
        self.slide.map_or(1, |slide| slide.window.taps)
    }

    /// Of all tiles. The unit is a multiply-add whose sum stays in a register, measured where lanes are the lanes of a
    /// CPU's vectors: there a load walks from lane to lane, and sums beyond 64 spill, which costs as much again once a
    /// turn.
    fn cost(self, extent: Extent, lanes: u32) -> u64 {
        let load = |operand: Operand| 25 + 18 * operand.width();
        let (left, right, taps) = (extent.left, self.right, self.taps());
        let sums = self.rows * self.columns;
        let lefts = match self.slide {
            Some(Slide { window, .. }) => (self.rows - 1) * window.step + window.taps,
            None => self.rows,
        };
        let left_loads = load(left) * lefts / left.width();
        let right_loads = load(right) * self.columns / (lanes * right.width());
        let spilt = sums.saturating_sub(64) / inner_steps(extent);
        let turn = left_loads + taps * (right_loads + sums + spilt);
        let tiles = extent.tiles(self.rows * lanes, self.columns);
        u64::from(tiles) * u64::from(extent.outer / taps) * u64::from(turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::product::Window;

    /// The forward pass of a 3x3 convolution of so many channels in rows of 32 pixels.
    fn convolution(channels: u32, step: u32) -> Extent {
        let window = Window {
            taps: 3,
            step,
            falls: false,
        };
        Extent {
            batch: 1,
            beside: 1,
            rows: 128 * 32 * 32,
            columns: channels,
            outer: 9,
            inner: channels,
            left: Operand::Inner(channels),
            right: Operand::Across(channels),
            slide: Some(Slide { window, run: 32 }),
            flops: 0,
        }
    }

    #[test]
    fn windows_slide_where_few_channels_make_loads_of_pixels_dear() {
        assert!(Tile::best(convolution(16, 1), 8).slide.is_some());
        let tile = Tile::best(convolution(64, 2), 8);
        assert!(
            tile.slide.is_none(),
            "64 columns leave too few sums to a window"
        );
    }

    #[test]
    fn a_tile_is_no_wider_than_few_columns_need() {
        let tile = Tile::best(convolution(16, 1), 8);
        assert_eq!((tile.columns, tile.right.across()), (16, 2));
        let plain = Extent {
            slide: None,
            ..convolution(64, 1)
        };
        assert_eq!(Tile::best(plain, 8).right.across(), 4);
    }
}
