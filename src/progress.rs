//! What a person sees while a run goes on: a bar on a terminal, a line for each epoch elsewhere.

mod download;

pub(crate) use download::Download;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use wgprune::error::Result;
use wgprune::ops::Record;
use wgprune::run::RunDir;
use wgprune::train::{Checkpoint, EpochSummary, Observer, Position, Schedule};

/// Passes everything on to the run directory, and shows it.
pub(crate) struct Progress {
    run_dir: RunDir,
    bar: ProgressBar,
    steps: u32,
    batch: u32,
    sparsity: f64,
}

impl Progress {
    /// Begins where the run stands.
    pub(crate) fn new(
        run_dir: RunDir,
        schedule: &Schedule,
        position: &Position,
        batch: u32,
        quiet: bool,
    ) -> Self {
        let template = "{bar:24} {pos}/{len} steps  {msg}  {eta} left";
        let bar = bar(schedule.steps.into(), template, quiet);
        bar.set_position(position.step.into());
        bar.reset_eta();
        bar.set_message("compiling kernels");
        Self {
            run_dir,
            bar,
            steps: schedule.steps,
            batch,
            sparsity: position.last.map_or(0.0, |last| last.sparsity),
        }
    }

    /// Takes the bar away and gives the run directory back.
    pub(crate) fn finish(self) -> RunDir {
        self.bar.finish_and_clear();
        self.run_dir
    }
}

/// A bar of `length` on a terminal, and nothing elsewhere.
fn bar(length: u64, template: &str, quiet: bool) -> ProgressBar {
    let shown = !quiet && std::io::stderr().is_terminal();
    let target = if shown {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    let style = ProgressStyle::with_template(template);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

impl Observer for Progress {
    fn steps(&mut self, first: u32, records: &[Record], schedule: &Schedule) -> Result<()> {
        if let Some(last) = records.last() {
            let accuracy = 100.0 * f64::from(last.hits) / f64::from(last.count.max(1));
            let speed = self.bar.per_sec() * f64::from(self.batch);
            self.bar.set_message(format!(
                "loss {:.4}  accuracy {accuracy:.1} %  sparsity {:.1} %  {speed:.0} images/s",
                last.loss,
                100.0 * self.sparsity
            ));
        }
        self.bar
            .set_position(u64::from(first) + records.len() as u64);
        self.run_dir.steps(first, records, schedule)
    }

    fn pruned(&mut self, step: u32, sparsity: f64, kept: &[u32]) -> Result<()> {
        self.sparsity = sparsity;
        log::debug!(
            "step {step}: {:.2} % removed, kept {kept:?}",
            100.0 * sparsity
        );
        self.run_dir.pruned(step, sparsity, kept)
    }

    fn epoch(&mut self, summary: &EpochSummary) -> Result<()> {
        let validation = summary.validation.map_or(String::new(), |score| {
            format!("  validation {:.2} %", 100.0 * score.accuracy())
        });
        self.bar.suspend(|| {
            log::info!(
                "epoch {:3}  step {:6}/{}  loss {:.4}  train {:.2} %{validation}  test {:.2} %  sparsity {:.2} %  {:.0} s",
                summary.epoch,
                summary.step,
                self.steps,
                summary.train.loss(),
                100.0 * summary.train.accuracy(),
                100.0 * summary.test.accuracy(),
                100.0 * summary.sparsity,
                summary.seconds
            );
        });
        self.run_dir.epoch(summary)
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.run_dir.checkpoint(checkpoint)?;
        log::debug!("saved step {}", checkpoint.position.step);
        Ok(())
    }
}
