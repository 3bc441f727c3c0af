//! What a person sees of a download: a bar for each file on a terminal, and a line for each everywhere.

use indicatif::{HumanBytes, ProgressBar};
use wgprune::data::Event;

/// Shows the events of a download.
pub(crate) struct Download {
    bar: ProgressBar,
}

impl Download {
    pub(crate) fn new(quiet: bool) -> Self {
        let template = "{bar:24} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
        Self {
            bar: super::bar(0, template, quiet),
        }
    }

    pub(crate) fn show(&self, event: Event) {
        match event {
            Event::Waiting(folder) => {
                log::info!(
                    "another process downloads into {}; waiting until it has ended",
                    folder.display()
                );
            }
            Event::Started {
                file,
                mirror,
                have,
                bytes,
            } => {
                let rest = match have {
                    0 => HumanBytes(bytes).to_string(),
                    _ => format!(
                        "the last {} of {}",
                        HumanBytes(bytes - have),
                        HumanBytes(bytes)
                    ),
                };
                self.bar
                    .suspend(|| log::info!("{file}: {rest} from {mirror}"));
                self.bar.set_length(bytes);
                self.bar.set_position(have);
                self.bar.reset_eta();
            }
            Event::Received(bytes) => self.bar.set_position(bytes),
            Event::Failed(mirror, why) => self.bar.suspend(|| log::warn!("{mirror}: {why}")),
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
