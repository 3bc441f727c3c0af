//! The sum of products behind linear layers and convolutions: which kernel variant, tile and slicing.

mod lanes;
mod text;

use super::vector_width;
use crate::gpu::{Constant, Grid, Kernel, Plan, Product, Tensor, kernel};
use text::{out_vectors, vectors};

const SUM_SLICES: Kernel = kernel!("sum_slices", "grid");

/// A kernel with each of the loops around its loaders.
pub(super) struct ProductKernel {
    pub(super) block: Kernel,
    pub(super) tiles: Kernel,
    pub(super) lanes: Kernel,
}

/// `product!("name", "shared", ...)`: the kernel of that name.
macro_rules! product {
    ($name:literal $(, $shared:literal)*) => {
        $crate::ops::product::ProductKernel {
            block: $crate::gpu::kernel!($name, "product_block", "product_extent" $(, $shared)*),
            tiles: $crate::gpu::kernel!($name, "product_tiles", "product_extent" $(, $shared)*),
            lanes: $crate::gpu::kernel!($name, "product_lanes", "product_lanes_sums", "product_extent" $(, $shared)*),
        }
    };
}
pub(super) use product;

/// Sides of the tile in `product_block`.
const BLOCK: u32 = 8;

/// Most steps of the inner loop that `product_tiles` loads at once.
const MAX_DEPTH: u32 = 16;

/// Terms of the longest sum of `product_tiles`, whose loops count each step a few times, see [`LONGEST_SUM`].
const LONGEST_SUM_OF_TILES: u64 = 20_000;

/// Turns of the loops of one invocation, added up. One llvmpipe version ends them silently after 65,535.
pub(crate) const LONGEST_SUM: u32 = 60_000;

/// The same where sums are cut into slices anyway.
const MAX_SUM: u32 = 16_384;

/// Extent of a product: `rows` x `columns` sums over `outer`·`inner` terms, `batch` times over.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    pub(super) batch: u32,
    /// So many of the batch have their rows next to each other in memory.
    pub(super) beside: u32,
    pub(super) rows: u32,
    pub(super) columns: u32,
    pub(super) outer: u32,
    pub(super) inner: u32,
    pub(super) left: Operand,
    pub(super) right: Operand,
    /// How neighbouring rows share left values, if they do.
    pub(super) slide: Option<Slide>,
    /// Multiplications and additions that the result takes, which may be fewer than there are terms.
    pub(super) flops: u64,
}

impl Extent {
    /// Tiles of so many rows and columns that cover the sums.
    fn tiles(self, rows: u32, columns: u32) -> u32 {
        self.rows.div_ceil(rows) * self.columns.div_ceil(columns)
    }
}

/// A window that slides along rows, so that the same left values serve a few of the outer steps.
#[derive(Clone, Copy)]
pub(super) struct Slide {
    pub(super) window: Window,
    /// Rows come in stretches of so many neighbours.
    pub(super) run: u32,
}

/// What of a window a kernel knows.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// Outer steps side by side that are one window.
    pub(super) taps: u32,
    /// Left values between the windows of neighbouring rows.
    pub(super) step: u32,
    /// Whether later left values go with earlier outer steps.
    pub(super) falls: bool,
}

impl Window {
    /// Nothing slides.
    const ONE: Self = Self {
        taps: 1,
        step: 1,
        falls: false,
    };
}

/// How an operand of a product lies in memory.
#[derive(Clone, Copy)]
pub(super) enum Operand {
    /// Neighbours are inner steps, in stretches of so many.
    Inner(u32),
    /// Neighbours are rows (of the left operand) or columns (of the right one), in stretches of so many.
    Across(u32),
}

impl Operand {
    /// Numbers that one load can fetch: vectors lie within a stretch.
    fn width(self) -> u32 {
        let (Self::Inner(stretch) | Self::Across(stretch)) = self;
        vector_width(stretch)
    }

    /// As it is, and with fewer columns to a load.
    fn narrower(self) -> impl Iterator<Item = Self> {
        let narrow = match self {
            Self::Across(_) => {
                [2, 1].map(|width| (width < self.width()).then_some(Self::Across(width)))
            }
            Self::Inner(_) => [None; 2],
        };
        [self].into_iter().chain(narrow.into_iter().flatten())
    }

    /// Inner steps that one load fetches, so that it is paid for once in so many.
    fn steps(self) -> u32 {
        self.width() / self.across()
    }

    /// Rows or columns that one load fetches.
    fn across(self) -> u32 {
        match self {
            Self::Inner(_) => 1,
            Self::Across(_) => self.width(),
        }
    }
}

/// A variant with the number of tiles it needs.
struct Choice {
    kernel: Kernel,
    constants: Vec<Constant>,
    tiles: u32,
    invocations_per_group: u32,
    /// Outer steps that are one turn of the outer loop.
    taps: u32,
}

impl ProductKernel {
    /// Records the product with its outer loop in one piece.
    pub(super) fn record(
        &self,
        plan: &mut Plan,
        extent: Extent,
        constants: &[Constant],
        tensors: &[&Tensor],
    ) {
        // An inner loop counts once more when it ends, and each turn of the outer one counts, too.
        let turns = u64::from(extent.outer) * (2 + u64::from(extent.inner)) - 2;
        assert!(
            turns <= LONGEST_SUM.into(),
            "a loop of {turns} turns is too long for some drivers"
        );
        let choice = self.choose(plan, extent, false);
        choice.record(plan, extent, extent.outer, constants, tensors);
    }

    /// Records a product whose last row, behind those of `dw`, is `dbias`, with its outer loop cut into as many slices
    /// as keep the device busy. More than one have sums of their own in a scratch tensor, which are then added up.
    /// There is no bias where there is a batch of products.
    pub(super) fn record_sliced(
        &self,
        plan: &mut Plan,
        extent: Extent,
        constants: &[Constant],
        inputs: [&Tensor; 2],
        dw: &Tensor,
        dbias: Option<&Tensor>,
    ) {
        let choice = self.choose(plan, extent, true);
        let groups = extent.batch * choice.tiles.div_ceil(choice.invocations_per_group);
        let enough = plan
            .tuning
            .wanted_groups
            .div_ceil(groups)
            .min((extent.outer * extent.inner).div_ceil(64));
        assert!(
            extent.inner < LONGEST_SUM,
            "an inner loop of {} turns is too long for some drivers",
            extent.inner
        );
        let longest = (MAX_SUM / extent.inner).max(1);
        let slice = extent.outer.div_ceil(enough.max(1)).clamp(1, longest);
        let slices = extent.outer.div_ceil(slice);
        let is_sliced = slices > 1;
        let shape = [slices, extent.batch * extent.rows, extent.columns];
        // Where there is nothing to add up, what stands in its place has room for one value of any width.
        let sums = plan.scratch("slices", if is_sliced { &shape } else { &[4] });
        let constants = [constants, &[("SLICED", is_sliced.into())]].concat();
        let [x, dy] = inputs;
        let [output, spare] = if is_sliced { [&sums, dw] } else { [dw, &sums] };
        // Without a bias nothing is written to the last one.
        let tensors = [x, dy, output, dbias.unwrap_or(spare)];
        choice.record(plan, extent, slice, &constants, &tensors);
        if is_sliced {
            sum_gradients(plan, &sums, dw, dbias);
        }
    }

    fn choose(&self, plan: &Plan, extent: Extent, is_sliced: bool) -> Choice {
        match plan.tuning.product {
            Product::Block => self.block_choice(extent, plan.tuning.workgroup_size),
            Product::Tiles { side, each } => {
                let terms = u64::from(extent.outer) * u64::from(extent.inner);
                if terms > LONGEST_SUM_OF_TILES && !is_sliced {
                    return self.block_choice(extent, plan.tuning.workgroup_size);
                }
                self.tiles_choice(extent, side, each)
            }
            Product::Lanes(lanes) => lanes::choice(&self.lanes, extent, lanes),
        }
    }

    fn block_choice(&self, extent: Extent, workgroup_size: u32) -> Choice {
        let text = [
            format!("const TILE_ROWS = {BLOCK}u;\nconst TILE_COLUMNS = {BLOCK}u;\n"),
            "const BY_PIXEL = false;\n".to_owned(),
            vectors("left", "Left", 1),
            vectors("right", "Right", 1),
            out_vectors(1),
        ];
        Choice {
            kernel: self.block.with("block".into(), &text.concat()),
            constants: vec![("WORKGROUP_SIZE", workgroup_size.into())],
            tiles: extent.tiles(BLOCK, BLOCK),
            invocations_per_group: workgroup_size,
            taps: 1,
        }
    }

    fn tiles_choice(&self, extent: Extent, side: u32, each: u32) -> Choice {
        let Extent { left, right, .. } = extent;
        // A tile with more rows or columns than there are would be filled up with zeros.
        let each = if extent.rows.min(extent.columns) > 4 * side {
            each
        } else {
            4
        };
        let depth = extent.inner.next_power_of_two().min(MAX_DEPTH);
        let is_inner = |operand: Operand| matches!(operand, Operand::Inner(_));
        let text = [
            format!("const SIDE = {side}u;\nconst EACH = {each}u;\nconst DEPTH = {depth}u;\n"),
            format!("const LEFT_IS_INNER = {};\n", is_inner(left)),
            format!("const RIGHT_IS_INNER = {};\n", is_inner(right)),
            "const BY_PIXEL = false;\n".to_owned(),
            vectors("left", "Left", 1),
            vectors("right", "Right", 1),
            out_vectors(1),
        ];
        let tile = side * each;
        Choice {
            kernel: (self.tiles).with(format!("tiles{side}x{each}x{depth}"), &text.concat()),
            constants: Vec::new(),
            tiles: extent.tiles(tile, tile),
            invocations_per_group: 1,
            taps: 1,
        }
    }
}

impl Choice {
    fn record(
        &self,
        plan: &mut Plan,
        extent: Extent,
        slice: u32,
        constants: &[Constant],
        tensors: &[&Tensor],
    ) {
        let Extent {
            batch,
            beside,
            rows,
            columns,
            outer,
            inner,
            ..
        } = extent;
        let own: [Constant; 7] = [
            ("BATCH", batch.into()),
            ("BESIDE", beside.into()),
            ("ROWS", rows.into()),
            ("COLUMNS", columns.into()),
            ("OUTER", (outer / self.taps).into()),
            ("INNER", inner.into()),
            ("SLICE", slice.into()),
        ];
        let grid = Grid::groups(
            self.tiles.div_ceil(self.invocations_per_group),
            batch * outer.div_ceil(slice),
        );
        plan.dispatch(
            &self.kernel,
            &[&own, &self.constants[..], constants].concat(),
            tensors,
            grid,
        );
        plan.counts(extent.flops);
    }
}

/// Adds up the slices of a weight gradient: `dw`, then the rest of each slice as `dbias`.
fn sum_gradients(plan: &mut Plan, sums: &Tensor, dw: &Tensor, dbias: Option<&Tensor>) {
    let (slices, stride) = (sums.shape[0], sums.shape[1] * sums.shape[2]);
    for (first, y) in [(0, Some(dw)), (dw.len(), dbias)] {
        if let Some(y) = y {
            sum_slices(plan, sums, [slices, stride, first], y);
        }
    }
}

/// The sum of `count` rows of `rows`, each as long as `y`: every `step`-th one from `first` on.
pub(super) fn sum_rows(plan: &mut Plan, rows: &Tensor, [first, step, count]: [u32; 3], y: &Tensor) {
    sum_slices(plan, rows, [count, step * y.len(), first * y.len()], y);
}

fn sum_slices(plan: &mut Plan, sums: &Tensor, [slices, stride, first]: [u32; 3], y: &Tensor) {
    let constants: [Constant; 4] = [
        ("LENGTH", y.len()),
        ("SLICES", slices),
        ("STRIDE", stride),
        ("FIRST", first),
    ]
    .map(|(name, v)| (name, v.into()));
    plan.elementwise(&SUM_SLICES, &constants, &[sums, y], y.len());
    plan.moves(y.bytes() * u64::from(slices + 1));
}
