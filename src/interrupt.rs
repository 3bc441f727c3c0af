//! Ctrl-C and SIGTERM: a run that has begun is saved at the first, and everything else ends at once.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use wgprune::error::{Error, ErrorKind, Result};

/// Listens for signals from when it is made.
pub(crate) struct Interrupt {
    /// Whether the next signal ends the process; after a first one it always does.
    at_once: Arc<AtomicBool>,
    /// The last signal that came, or 0.
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// From here on a signal ends the process at once, with the exit code that a shell would give.
    ///
    /// # Errors
    /// The system refuses to tell of signals.
    pub(crate) fn listen() -> Result<Self> {
        let at_once = Arc::new(AtomicBool::new(true));
        let signal = Arc::new(AtomicUsize::new(0));
        let listen = |number: i32| {
            // In this order: whether to end is asked before this signal makes the answer yes.
            flag::register_conditional_shutdown(number, 128 + number, Arc::clone(&at_once))?;
            let value = usize::try_from(number).map_err(io::Error::other)?;
            flag::register_usize(number, Arc::clone(&signal), value)?;
            flag::register(number, Arc::clone(&at_once))
        };
        for number in [SIGINT, SIGTERM] {
            listen(number).map_err(|error| {
                Error::new(
                    ErrorKind::Other,
                    format!("the system does not tell of signals: {error}"),
                    "please report this with the name and version of your system",
                )
            })?;
        }
        Ok(Self { at_once, signal })
    }

    /// From here on the first signal is only noted.
    pub(crate) fn defer(&self) {
        self.at_once.store(false, Ordering::SeqCst);
    }

    /// The signal that was noted, if any.
    pub(crate) fn signal(&self) -> Option<u8> {
        u8::try_from(self.signal.load(Ordering::SeqCst))
            .ok()
            .filter(|&signal| signal != 0)
    }
}
