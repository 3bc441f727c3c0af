//! `wgprune completions`

use super::print;
use crate::cli::{Cli, CompletionsArgs};
use clap::CommandFactory;
use wgprune::error::Result;

pub(super) fn run(args: &CompletionsArgs) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "wgprune", &mut script);
    print(String::from_utf8_lossy(&script).trim_end())
}
