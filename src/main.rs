//! The `wgprune` command: parses, starts the logger, runs, and turns an error into a message and an exit code.

mod cli;
mod commands;
mod interrupt;
mod logger;
mod progress;

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;
use wgprune::error::{Error, ErrorKind};

fn main() -> ExitCode {
    let start = Instant::now();
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => {
            // Help and versions come this way too.
            let _ = refusal.print();
            if !refusal.use_stderr() {
                return ExitCode::SUCCESS;
            }
            let wants_json = std::env::args_os().any(|argument| argument == "--json");
            return failure(&cli::error(&refusal), wants_json);
        }
    };
    logger::start(cli.quiet, cli.verbose);
    let wants_json = cli.wants_json();
    match commands::run(cli, start) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logger::tell(&error);
            failure(&error, wants_json)
        }
    }
}

/// The exit code of an error, which is printed as a line of JSON where that is wanted.
fn failure(error: &Error, wants_json: bool) -> ExitCode {
    // A self-test that failed has printed its line, with the error in it.
    if wants_json && error.kind != ErrorKind::SelfTest {
        let line = serde_json::json!({"error": commands::error_json(error)});
        let _ = writeln!(std::io::stdout(), "{line}");
    }
    ExitCode::from(error.kind.exit_code())
}
