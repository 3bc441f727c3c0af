//! `wgprune man`

use super::print;
use crate::cli::{Cli, ManArgs};
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::fs;
use wgprune::error::{Error, ErrorKind, Result};

pub(super) fn run(args: &ManArgs) -> Result<()> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let Some(dir) = &args.dir else {
        return print(text(&page(&program)).trim_end());
    };
    let refuse = |error| {
        Error::new(
            ErrorKind::Output,
            format!("cannot write manual pages into {}: {error}", dir.display()),
            "choose another folder with --dir DIR, or make room and check the permissions",
        )
    };
    fs::create_dir_all(dir).map_err(refuse)?;
    for command in tree(&program) {
        let page = page(command);
        let path = dir.join(page.get_filename());
        fs::write(&path, text(&page)).map_err(refuse)?;
        print(path.display())?;
    }
    Ok(())
}

/// A command and all below it.
fn tree(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().flat_map(tree);
    [command].into_iter().chain(below).collect()
}

fn page(command: &Command) -> Man {
    Man::new(command.clone()).source(concat!("wgprune ", env!("CARGO_PKG_VERSION")))
}

fn text(page: &Man) -> String {
    let mut bytes = Vec::new();
    page.render(&mut bytes)
        .expect("writing to memory does not fail");
    let text = String::from_utf8_lossy(&bytes);
    // Examples are indented; a command line is not to be filled, justified or hyphenated.
    let as_it_is = |line: &str| match line.starts_with(' ') {
        true => format!(".nf\n{line}\n.fi\n"),
        false => format!("{line}\n"),
    };
    text.lines().map(as_it_is).collect()
}
