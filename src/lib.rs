//! wgprune trains and prunes neural networks in one run, on any GPU, with WGSL compute shaders.
//!
//! # The life of one training step
//!
//! [`net::compile`] turned the network into a [`gpu::Plan`], and [`gpu::Gpu::load`] that plan into a [`gpu::Machine`],
//! before the first step. [`train::train`] then does for each step what can change: it writes the 40 bytes of
//! [`ops::StepParams`] and replays five phases. `gather` picks a batch from the data set, which lies on the device as
//! bytes, and moves, jitters, erases and normalises it as asked; `forward`, `loss` and `backward` are the ops in the
//! order of the network and back; `update` is one dispatch over all parameters, with the mask in it, behind those that
//! clip gradients where a run asks for it. When the schedule says so, `prune` finds the k-th largest magnitude and
//! shrinks the mask. Losses gather in a table that the host reads when it is due.
//! [`run::RunDir`] writes down what is told, and now and then a checkpoint, from which [`run::Resume`] goes on.
//!
//! # How to add an op
//!
//! 1. Write the twin in `src/reference/` from the formula.
//! 2. Write the kernels in `shaders/`; the formula is line one.
//! 3. Write the struct in `src/ops/`: geometry, and methods that append dispatches.
//! 4. Write the check in `src/check/`, which the self-test runs at two or three odd shapes, and `tests/<op>.rs`, which
//!    runs it at many: odd shapes, the networks' real shapes.
//! 5. Add the layer to `src/net/layer.rs`, to both directions of `src/net/record.rs`, and to the kinds of
//!    `src/net/file.rs`.
//! 6. Add the row in `benches/kernels.rs`. `tests/layout.rs` and `tests/shaders.rs` name what was forgotten.

mod as_text;
pub mod autos;
pub mod bench;
pub mod check;
pub mod compare;
pub mod config;
pub mod data;
mod disk;
pub mod error;
pub mod gpu;
mod hash;
mod nearest;
pub mod net;
pub mod ops;
pub mod random;
pub mod reference;
pub mod run;
pub mod selftest;
pub mod sweep;
pub mod train;
