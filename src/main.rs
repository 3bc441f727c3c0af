//! The `wgprune` command: parses, starts the logger, runs, and turns an error into a message and an exit code.

mod cli;
mod commands;
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
    let level = match (cli.quiet, cli.verbose) {
        (true, _) => "error",
        (false, false) => "error,wgprune=info",
        (false, true) => "warn,wgprune=debug",
    };
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(level))
        .format(|out, record| match record.level() {
            log::Level::Info => writeln!(out, "{}", record.args()),
            level => writeln!(out, "{}: {}", level.as_str().to_lowercase(), record.args()),
        })
        .init();
    let wants_json = cli.wants_json();
    match commands::run(cli, start) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be gone; the exit code still tells.
            let _ = writeln!(std::io::stderr(), "error: {error}");
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
