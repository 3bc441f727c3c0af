//! What the program says: on standard error, and in the run's log.txt once there is one.

use env_logger::{Builder, Env};
use log::{Level, Log, Metadata, Record};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write};
use std::mem::take;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use wgprune::error::{Error, ErrorKind, Result};

/// Where lines go beside standard error.
enum Sink {
    /// Kept until there is a file.
    Memory(Vec<u8>),
    File(File),
}

static SINK: Mutex<Sink> = Mutex::new(Sink::Memory(Vec::new()));

/// Writes to standard error as `env_logger` does, and a copy without colours to the sink.
struct Tee(env_logger::Logger);

impl Log for Tee {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.0.matches(record) {
            self.0.log(record);
            keep(line(record.level(), record.args()));
        }
    }

    fn flush(&self) {
        self.0.flush();
    }
}

fn line(level: Level, text: impl Display) -> String {
    match level {
        Level::Info => text.to_string(),
        level => format!("{}: {text}", level.as_str().to_lowercase()),
    }
}

/// A log that cannot be written stops nothing: what counts is written elsewhere, and fails there.
fn keep(line: String) {
    let mut sink = SINK.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = match &mut *sink {
        Sink::Memory(lines) => writeln!(lines, "{line}"),
        Sink::File(file) => writeln!(file, "{line}"),
    };
}

/// Starts the logger at the level that the flags mean; `RUST_LOG` goes over them.
pub(crate) fn start(quiet: bool, verbose: bool) {
    let level = match (quiet, verbose) {
        (true, _) => "error",
        (false, false) => "error,wgprune=info",
        (false, true) => "warn,wgprune=debug",
    };
    let logger = Builder::from_env(Env::default().default_filter_or(level))
        .format(|out, record| writeln!(out, "{}", line(record.level(), record.args())))
        .build();
    log::set_max_level(logger.filter());
    // Only a second logger is refused.
    let _ = log::set_boxed_logger(Box::new(Tee(logger)));
}

/// Adds what was said so far, and what will be, to the end of this file.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn attach(path: &Path) -> Result<()> {
    let mut sink = SINK.lock().unwrap_or_else(PoisonError::into_inner);
    let mut open = || {
        let mut file = File::options().append(true).create(true).open(path)?;
        if let Sink::Memory(lines) = &mut *sink {
            file.write_all(&take(lines))?;
        }
        io::Result::Ok(file)
    };
    *sink = Sink::File(open().map_err(|error| Error::output(path, &error))?);
    Ok(())
}

/// Says why the program ends, whatever the level.
pub(crate) fn tell(error: &Error) {
    let text = match error.kind {
        ErrorKind::Interrupted(_) => format!("{}; {}", error.what, error.help),
        _ => format!("error: {error}"),
    };
    // Standard error may be gone; the exit code still tells.
    let _ = writeln!(io::stderr(), "{text}");
    keep(text);
}
