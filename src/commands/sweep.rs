//! `wgprune sweep`: each run is a process of its own, so that one that fails takes no other with it.

use super::compare::tell;
use crate::cli::SweepArgs;
use crate::interrupt::Interrupt;
use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use wgprune::compare::{Ending, Outcome, csv};
use wgprune::error::{Error, ErrorKind, Result, as_argument};
use wgprune::sweep::{Cell, Grid, Shard, SweepDir};

/// Between looks at the runs that go on.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a run has to save its state after a signal, before it is ended.
const PATIENCE: Duration = Duration::from_secs(20);

/// A run that goes on.
struct Job<'a> {
    cell: &'a Cell,
    process: Child,
}

pub(super) fn run(args: &SweepArgs) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let file = args.grid.as_deref().map(Grid::read).transpose()?;
    let grid = args.over(file.unwrap_or_default());
    let cells = grid.cells(args.config.as_deref(), &args.edits())?;
    let slurm = || Shard::of_slurm(|name| std::env::var(name).ok());
    let shard = args.shard.or_else(slurm).unwrap_or(Shard::ALL);
    let sweep = SweepDir::open(&args.out, shard, &cells)?;
    let own = cells
        .iter()
        .enumerate()
        .filter(|(position, _)| shard.has(*position));
    let own: Vec<&Cell> = own.map(|(_, cell)| cell).collect();
    let mut waiting = Vec::new();
    for cell in &own {
        let outcome = sweep.outcome(cell)?;
        if !matches!(outcome.ending, Ending::Done(_)) {
            waiting.push(*cell);
        }
    }
    log::info!(
        "{} runs in {}, of which {} are this process's ({shard}) and {} are to be done",
        cells.len(),
        args.out.display(),
        own.len(),
        waiting.len()
    );
    interrupt.defer();
    work(args, &sweep, waiting, &interrupt)?;
    let all = cells.iter().map(|cell| sweep.outcome(cell));
    let outcomes: Vec<Outcome> = all.collect::<Result<_>>()?;
    let summary = sweep.summarise(&csv(&outcomes))?;
    if let Some(signal) = interrupt.signal() {
        return Err(Error::new(
            ErrorKind::Interrupted(signal),
            "the sweep stopped; its runs are saved",
            "go on with the same command",
        ));
    }
    tell(&outcomes, args.json)?;
    log::info!("a row for each run: {}", summary.display());
    let is_failed = |outcome: &&Outcome| matches!(outcome.ending, Ending::Failed(_));
    match outcomes.iter().filter(is_failed).count() {
        0 => Ok(()),
        failed => Err(Error::new(
            ErrorKind::Other,
            format!("{failed} of {} runs failed", outcomes.len()),
            format!(
                "{} says why; the same command tries them again",
                as_argument(&summary)
            ),
        )),
    }
}

/// Does the runs, as many at once as is wanted, until all are done or a signal comes.
fn work(
    args: &SweepArgs,
    sweep: &SweepDir,
    waiting: Vec<&Cell>,
    interrupt: &Interrupt,
) -> Result<()> {
    let count = waiting.len();
    let mut waiting = waiting.into_iter();
    let mut jobs: Vec<Job<'_>> = Vec::new();
    let mut ended = 0;
    loop {
        while jobs.len() < args.jobs as usize && interrupt.signal().is_none() {
            let Some(cell) = waiting.next() else { break };
            jobs.push(begin(args, sweep, cell)?);
        }
        if jobs.is_empty() {
            return Ok(());
        }
        if interrupt.signal().is_some() {
            stop(&mut jobs);
            return Ok(());
        }
        let mut index = 0;
        while index < jobs.len() {
            let status = jobs[index].process.try_wait();
            if matches!(status, Ok(None)) {
                index += 1;
                continue;
            }
            let Job { cell, .. } = jobs.swap_remove(index);
            ended += 1;
            let outcome = sweep.outcome(cell)?;
            let how = match outcome.ending {
                Ending::Done(reached) => format!(
                    "{:.2} %, {:.0} s",
                    100.0 * reached.test_accuracy,
                    reached.wall_seconds
                ),
                Ending::Failed(what) => format!("failed: {what}"),
                Ending::Unfinished => "stopped".to_owned(),
                Ending::Missing => "did not begin".to_owned(),
            };
            log::info!("{ended} of {count}: {}: {how}", cell.name);
        }
        thread::sleep(PAUSE);
    }
}

/// Starts a run, or goes on with it.
fn begin<'a>(args: &SweepArgs, sweep: &SweepDir, cell: &'a Cell) -> Result<Job<'a>> {
    let folder = sweep.run(cell);
    let refuse = |error: &std::io::Error| {
        Error::new(
            ErrorKind::Other,
            format!("cannot start a run: {error}"),
            "the same command goes on with what is not done yet",
        )
    };
    let program = std::env::current_exe().map_err(|error| refuse(&error))?;
    let mut command = Command::new(program);
    command.args(["train", "--quiet", "--json"]);
    match sweep.has_begun(cell)? {
        true => command.arg("--resume").arg(&folder),
        false => {
            let config = command.arg("--config").arg(sweep.config(cell));
            config.arg("--out").arg(&folder)
        }
    };
    if let Some(selector) = &args.device.selector {
        command.args(["--device", selector]);
    }
    if let Some(bytes) = args.memory.bytes {
        command.arg("--memory").arg(format!("{}MiB", bytes >> 20));
    }
    let output = File::create(sweep.output(cell));
    let output = output.map_err(|error| Error::output(&sweep.output(cell), &error))?;
    command
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(Stdio::null());
    let process = command.spawn().map_err(|error| refuse(&error))?;
    Ok(Job { cell, process })
}

/// Waits for the runs to save what they have; Ctrl-C reached them, too. One that takes too long, or that the signal did not
/// reach, is ended, and goes on later from its last checkpoint.
fn stop(jobs: &mut [Job<'_>]) {
    let end = Instant::now() + PATIENCE;
    for job in jobs {
        while Instant::now() < end && matches!(job.process.try_wait(), Ok(None)) {
            thread::sleep(PAUSE);
        }
        // It may have ended meanwhile.
        let _ = job.process.kill();
        let _ = job.process.wait();
    }
}
