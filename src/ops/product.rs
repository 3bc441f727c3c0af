//! The sum of products behind linear layers and convolutions: which kernel variant, tile and slicing.

use crate::gpu::{Constant, Grid, Kernel, Plan, Product, Tensor, kernel};

const SUM_SLICES: Kernel = kernel!("sum_slices", "grid");

/// A kernel in all its variants: the same loaders with another loop around them.
pub(super) struct ProductKernel {
    pub(super) block: Kernel,
    /// With the rows of a lane and the columns of its tile.
    pub(super) lanes: [(u32, u32, Kernel); 4],
}

/// `product!("name", "shared", ...)`: the kernel of that name in all variants.
macro_rules! product {
    ($name:literal $(, $shared:literal)*) => {
        $crate::ops::product::ProductKernel {
            block: product!(@tile $name, "block", "product_block", "8", "8" $(, $shared)*),
            lanes: [
                (8, 16, product!(@tile $name, "lanes-8x16", "product_lanes", "8", "16" $(, $shared)*)),
                (4, 24, product!(@tile $name, "lanes-4x24", "product_lanes", "4", "24" $(, $shared)*)),
                (4, 32, product!(@tile $name, "lanes-4x32", "product_lanes", "4", "32" $(, $shared)*)),
                (2, 56, product!(@tile $name, "lanes-2x56", "product_lanes", "2", "56" $(, $shared)*)),
            ],
        }
    };
    (@tile $name:literal, $variant:literal, $skeleton:literal, $rows:literal, $columns:literal $(, $shared:literal)*) => {
        $crate::gpu::kernel!(
            $name / $variant = concat!("const TILE_ROWS = ", $rows, "u;\nconst TILE_COLUMNS = ", $columns, "u;"),
            $skeleton $(, $shared)*
        )
    };
}
pub(super) use product;

const BLOCK: u32 = 8;

/// Longest sum of one invocation. One llvmpipe version ends a loop silently after 65,535 iterations.
const MAX_SUM: u32 = 16_384;

/// Extent of a product: `rows` x `columns` sums over `outer`·`inner` terms.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    pub(super) rows: u32,
    pub(super) columns: u32,
    pub(super) outer: u32,
    pub(super) inner: u32,
}

/// A variant with the number of tiles it needs.
struct Choice {
    kernel: Kernel,
    constant: Constant,
    tiles: u32,
    invocations_per_group: u32,
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
        let choice = self.choose(plan, extent);
        choice.record(plan, extent, extent.outer, constants, tensors);
    }

    /// Records the product with its outer loop cut into slices, each with sums of its own in a scratch tensor,
    /// which is bound last. Returns that tensor, `slices`·`rows`·`columns`.
    pub(super) fn record_sliced(
        &self,
        plan: &mut Plan,
        extent: Extent,
        constants: &[Constant],
        tensors: &[&Tensor],
    ) -> Tensor {
        let choice = self.choose(plan, extent);
        let groups = choice.tiles.div_ceil(choice.invocations_per_group);
        let enough = plan
            .tuning
            .wanted_groups
            .div_ceil(groups)
            .min((extent.outer * extent.inner).div_ceil(64));
        let longest = (MAX_SUM / extent.inner).max(1);
        let slice = extent.outer.div_ceil(enough.max(1)).min(longest);
        let slices = extent.outer.div_ceil(slice);
        let sums = plan.scratch(&[slices, extent.rows, extent.columns]);
        choice.record(
            plan,
            extent,
            slice,
            constants,
            &[tensors, &[&sums]].concat(),
        );
        sums
    }

    fn choose(&self, plan: &Plan, Extent { rows, columns, .. }: Extent) -> Choice {
        match plan.tuning.product {
            Product::Block => Choice {
                kernel: self.block,
                constant: ("WORKGROUP_SIZE", plan.tuning.workgroup_size.into()),
                tiles: rows.div_ceil(BLOCK) * columns.div_ceil(BLOCK),
                invocations_per_group: plan.tuning.workgroup_size,
            },
            Product::Lanes(lanes) => {
                let tiles = |r: u32, c: u32| rows.div_ceil(r * lanes) * columns.div_ceil(c);
                // A load costs about forty multiply-adds where lanes are the lanes of a CPU's vectors.
                let cost = |r: u32, c: u32| {
                    u64::from(tiles(r, c)) * u64::from(40 * (r + c / lanes) + r * c)
                };
                let fitting = self
                    .lanes
                    .iter()
                    .filter(|(_, c, _)| c.is_multiple_of(lanes));
                let &(r, c, kernel) = fitting
                    .min_by_key(|(r, c, _)| cost(*r, *c))
                    .expect("16 and 32 columns fit every subgroup");
                Choice {
                    kernel,
                    constant: ("LANES", lanes.into()),
                    tiles: tiles(r, c),
                    invocations_per_group: 1,
                }
            }
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
            rows,
            columns,
            outer,
            inner,
        } = extent;
        let own: [Constant; 6] = [
            ("ROWS", rows.into()),
            ("COLUMNS", columns.into()),
            ("OUTER", outer.into()),
            ("INNER", inner.into()),
            ("SLICE", slice.into()),
            self.constant,
        ];
        let grid = Grid::groups(
            self.tiles.div_ceil(self.invocations_per_group),
            outer.div_ceil(slice),
        );
        plan.dispatch(&self.kernel, &[&own, constants].concat(), tensors, grid);
    }
}

/// Adds up the slices of a weight gradient: `dw`, then the rest of each slice as `dbias`.
pub(super) fn sum_gradients(plan: &mut Plan, sums: &Tensor, dw: &Tensor, dbias: Option<&Tensor>) {
    let (slices, stride) = (sums.shape[0], sums.shape[1] * sums.shape[2]);
    for (first, y) in [(0, Some(dw)), (dw.len(), dbias)] {
        let Some(y) = y else { continue };
        let constants: [Constant; 4] = [
            ("LENGTH", y.len()),
            ("SLICES", slices),
            ("STRIDE", stride),
            ("FIRST", first),
        ]
        .map(|(name, v)| (name, v.into()));
        plan.elementwise(&SUM_SLICES, &constants, &[sums, y], y.len());
    }
}
