//! Every choice that differs between kinds of adapter, made in one place.

use super::AdapterFacts;

/// How a sum of products (linear and convolution, all directions) is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Each invocation owns an 8 x 8 block of outputs in registers. Runs everywhere.
    Block,
    /// A workgroup of `side` x `side` invocations shares the memory for a tile of `side·each` x `side·each` outputs, of
    /// which each invocation owns `each` x `each` in registers; `each` is 4 or 8. For GPUs.
    Tiles {
        /// Invocations along a side.
        side: u32,
        /// Outputs along a side of an invocation's part.
        each: u32,
    },
    /// A workgroup is one subgroup of this size: its lanes own neighbouring rows, and a value that
    /// all lanes need is fetched by one of them and broadcast to the rest.
    /// On adapters that run on a CPU a load costs far more than a broadcast.
    Lanes(u32),
}

/// What a plan keeps from forwards to backwards of what Winograd's algorithm makes of a layer, instead of making it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// Nothing.
    Nothing,
    /// Of the weights: four times their number.
    Weights,
    /// And of the inputs: 2.25 times their number.
    All,
}

/// Kernel choices for one adapter. Numbers become override constants, algorithms become files;
/// only lengths of arrays and types, which cannot be overrides, become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuning {
    /// Invocations of a workgroup in elementwise kernels.
    pub workgroup_size: u32,
    /// The algorithm for sums of products.
    pub product: Product,
    /// Fewest channels, of input and output alike, for which a convolution is computed by Winograd's algorithm. With
    /// fewer, the steps at its ends, which cost as the sum of both, take longer than the products that they save.
    pub winograd_channels: u32,
    /// What of that is kept, if there is memory.
    pub kept: Kept,
    /// Workgroups that a long reduction is cut into, so that every core has work.
    pub wanted_groups: u32,
}

impl Tuning {
    /// What any WebGPU device can run.
    pub const PORTABLE: Self = Self {
        workgroup_size: 64,
        product: Product::Block,
        winograd_channels: 32,
        kept: Kept::Nothing,
        wanted_groups: 256,
    };

    /// Tiles of 64 x 64, or smaller ones for integrated GPUs, which have fewer registers and smaller caches.
    fn tiles(each: u32) -> Self {
        Self {
            product: Product::Tiles { side: 8, each },
            ..Self::PORTABLE
        }
    }

    /// Subgroup lanes, for adapters that run on a CPU.
    fn lanes(lanes: u32) -> Self {
        Self {
            product: Product::Lanes(lanes),
            wanted_groups: 16,
            ..Self::PORTABLE
        }
    }

    /// The default for an adapter, by its kind and capabilities; never by brand.
    pub fn for_adapter(adapter: &AdapterFacts) -> Self {
        match (adapter.device_type.as_str(), adapter.lanes()) {
            ("cpu", Some(lanes)) => Self::lanes(lanes),
            ("discrete", _) => Self::tiles(8),
            ("integrated" | "virtual", _) => Self::tiles(4),
            _ => Self::PORTABLE,
        }
    }

    /// Every tuning that an adapter can run, so that tests and benchmarks can go through them.
    pub fn supported(adapter: &AdapterFacts) -> Vec<Self> {
        let lanes = adapter.lanes().map(Self::lanes);
        Self::portable().chain(lanes).collect()
    }

    /// Those that need nothing that WebGPU does not promise. Large tiles become small ones where there is little to do.
    fn portable() -> impl Iterator<Item = Self> {
        [Self::PORTABLE, Self::tiles(8)].into_iter()
    }

    /// Every tuning that is worth translating where there is no adapter to ask.
    pub fn all() -> Vec<Self> {
        let lanes = [4, 8, 16].map(Self::lanes);
        Self::portable().chain(lanes).collect()
    }
}
