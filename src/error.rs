//! The one error type: what happened, what to do about it, and the exit code that a script sees.

use std::fmt;
use std::path::Path;

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// A failure that a person can act on: it names the thing and the remedy.
#[derive(Debug, Clone)]
pub struct Error {
    /// What sort of thing failed; decides the exit code.
    pub kind: ErrorKind,
    /// What happened, naming the file, key, kernel or layer.
    pub what: String,
    /// What to do about it; may be empty.
    pub help: String,
}

/// Kinds of failure, told apart by what the user can do about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Anything that has no kind of its own, a bug of this program included.
    Other,
    /// A flag, a configuration file or a value in it.
    Config,
    /// No adapter, or not the one that was asked for.
    Adapter,
    /// A data set is missing, truncated, corrupt or not what it claims to be.
    Data,
    /// The device went away during the run.
    DeviceLost,
    /// The run does not fit into the device's memory or limits.
    Memory,
    /// Training produced a value that is not finite.
    Diverged,
    /// A file could not be written.
    Output,
    /// A kernel gave something else than its twin on this adapter, or took longer than it may.
    SelfTest,
    /// A signal of this number stopped a run, which was saved. No failure, but a script must not take it for success.
    Interrupted(u8),
}

impl ErrorKind {
    /// The exit status of the process for this kind.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Other => 1,
            Self::Config => 2,
            Self::Adapter => 3,
            Self::Data => 4,
            Self::DeviceLost => 5,
            Self::Memory => 6,
            Self::Diverged => 7,
            Self::Output => 8,
            Self::SelfTest => 9,
            // As shells have it.
            Self::Interrupted(signal) => 128 + signal,
        }
    }
}

impl Error {
    /// An error of `kind`: what happened, and what to do about it.
    pub fn new(kind: ErrorKind, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            help: help.into(),
        }
    }

    /// A wrong flag, key or value.
    pub fn config(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, what, help)
    }

    /// A data set that cannot be used.
    pub fn data(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(ErrorKind::Data, what, help)
    }

    /// A kernel or layer that the device refused.
    pub fn kernel(name: &str, message: impl fmt::Display) -> Self {
        Self::new(
            ErrorKind::Other,
            format!("the device refused {name}: {message}"),
            "this is a fault of wgprune or of the driver; please report it with the output of `wgprune devices`",
        )
    }

    /// A file or folder that could not be written.
    pub fn output(path: &Path, source: &std::io::Error) -> Self {
        Self::new(
            ErrorKind::Output,
            format!("cannot write {}: {source}", path.display()),
            "make room and check the permissions, or begin a run in another folder with --out DIR",
        )
    }
}

/// A path as a shell takes it, for commands that a message proposes.
pub fn as_argument(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/\\:._-+".contains(c);
    if path.chars().all(is_plain) {
        path
    } else if cfg!(windows) {
        format!("\"{path}\"")
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.help.is_empty() {
            write!(f, "\n  help: {}", self.help)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
