//! The `wgprune` command: parses, starts the logger, runs, and turns an error into a message and an exit code.

mod cli;
mod commands;
mod progress;

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let start = Instant::now();
    let cli = cli::Cli::parse();
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
            let code = error.kind.exit_code();
            if wants_json {
                let line = serde_json::json!({"error": {"code": code, "what": error.what, "help": error.help}});
                let _ = writeln!(std::io::stdout(), "{line}");
            }
            ExitCode::from(code)
        }
    }
}
