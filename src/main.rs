//! The `wgprune` command.

fn main() {}
