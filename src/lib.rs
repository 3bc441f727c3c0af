//! wgprune trains and prunes neural networks in one run, on any GPU, with WGSL compute shaders.

pub mod data;
pub mod error;
pub mod gpu;
pub mod ops;
pub mod random;
pub mod reference;
