//! Everything that knows the device: adapters, kernels, the recorded plan and the machine that replays it.
//!
//! A [`Plan`] is plain data and needs no adapter: it can be printed, counted and checked anywhere.
//! [`Gpu::load`] turns it into a [`Machine`] with buffers, pipelines and bind groups, which replays it.

mod adapter;
mod choices;
mod device;
mod kernel;
mod machine;
mod memory;
mod plan;
mod room;
mod tuning;

pub use adapter::{AdapterFacts, list_adapters};
pub use choices::{Choices, Direction, Geometry, Workload};
pub use device::{Gpu, Options, Patch};
pub use kernel::Kernel;
pub use machine::{LaunchSeconds, Machine, mebibytes};
pub use plan::{Constant, Dispatch, Grid, Phase, Plan, Tensor, VIEW_ALIGNMENT};
pub use room::Room;
pub use tuning::{Kept, Product, Tuning};

pub(crate) use kernel::kernel;
