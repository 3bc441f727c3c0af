//! `wgprune sweep`: each run is a process of its own, so that one that fails takes no other with it.

use super::compare::tell;
use crate::cli::SweepArgs;
use crate::interrupt::Interrupt;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use wgprune::compare::{Ending, Outcome, csv, told};
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

/// The runs that go on. None outlives the sweep.
struct Jobs<'a>(Vec<Job<'a>>);

pub(super) fn run(args: &SweepArgs) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let file = args.grid.as_deref().map(Grid::read).transpose()?;
    let grid = args.over(file.unwrap_or_default());
    let cells = grid.cells(args.config.as_deref(), &args.edits())?;
    if !args.out.exists() {
        // All runs have the same data, and without it none could begin.
        cells[0].config.data.open()?;
    }
    let shard = match args.shard {
        Some(shard) => shard,
        None => Shard::of_slurm(|name| std::env::var(name).ok())?.unwrap_or(Shard::ALL),
    };
    let sweep = SweepDir::open(&args.out, shard, &cells)?;
    let own = cells.iter().enumerate();
    let own = own.filter(|(position, _)| shard.has(*position));
    let own: Vec<&Cell> = own.map(|(_, cell)| cell).collect();
    let is_done = |cell: &Cell| matches!(sweep.outcome(cell).ending, Ending::Done(_));
    let waiting: Vec<&Cell> = own.iter().copied().filter(|cell| !is_done(cell)).collect();
    log::info!(
        "{} runs in {}, of which {} are this process's ({shard}) and {} are to be done",
        cells.len(),
        args.out.display(),
        own.len(),
        waiting.len()
    );
    interrupt.defer();
    let failures = work(args, &sweep, waiting, &interrupt)?;
    let mut outcomes = Vec::new();
    let summary = sweep.summarise(|cells| {
        outcomes = cells.iter().map(|cell| sweep.outcome(cell)).collect();
        for (cell, outcome) in cells.iter().zip(&mut outcomes) {
            if let Some(what) = failures.get(&cell.name) {
                outcome.ending = Ending::Failed(what.clone());
            }
        }
        csv(&outcomes)
    })?;
    if let Some(signal) = interrupt.signal() {
        return Err(Error::new(
            ErrorKind::Interrupted(signal),
            "the sweep was stopped",
            "the same command goes on with each run from where it was saved last",
        ));
    }
    let is_failed = |outcome: &&Outcome| matches!(outcome.ending, Ending::Failed(_));
    // The folder may have runs of other commands, which this one does not try again.
    let is_own = |outcome: &&Outcome| cells.iter().any(|cell| sweep.run(cell) == outcome.path);
    let of_own = outcomes.iter().filter(is_own);
    let failed = of_own.filter(is_failed).count();
    // As JSON there is the result or the error.
    if failed == 0 || !args.json {
        tell(&outcomes, args.json)?;
    }
    log::info!("a row for each run: {}", summary.display());
    match failed {
        0 => Ok(()),
        failed => Err(Error::new(
            ErrorKind::Other,
            format!("{failed} of {} runs failed", cells.len()),
            format!(
                "{} says why; the same command tries them again",
                as_argument(&summary)
            ),
        )),
    }
}

/// Does the runs, as many at once as is wanted, until all are done or a signal comes. Gives those that ended otherwise than at
/// their end, by name, with what they said.
fn work(
    args: &SweepArgs,
    sweep: &SweepDir,
    waiting: Vec<&Cell>,
    interrupt: &Interrupt,
) -> Result<BTreeMap<String, String>> {
    let count = waiting.len();
    let mut waiting = waiting.into_iter();
    let mut jobs = Jobs(Vec::new());
    let mut failures = BTreeMap::new();
    let mut ended = 0;
    loop {
        // What ends by the signal has not failed.
        if interrupt.signal().is_some() {
            return Ok(failures);
        }
        while jobs.0.len() < args.jobs as usize {
            let Some(cell) = waiting.next() else { break };
            jobs.0.push(begin(args, sweep, cell)?);
        }
        if jobs.0.is_empty() {
            return Ok(failures);
        }
        let mut index = 0;
        while index < jobs.0.len() {
            let Ok(Some(status)) = jobs.0[index].process.try_wait() else {
                index += 1;
                continue;
            };
            let Job { cell, .. } = jobs.0.swap_remove(index);
            if interrupt.signal().is_some() {
                continue;
            }
            ended += 1;
            let how = match sweep.outcome(cell).ending {
                Ending::Done(reached) => format!(
                    "{:.2} %, {:.0} s",
                    100.0 * reached.test_accuracy,
                    reached.wall_seconds
                ),
                ending => {
                    let what = failure(sweep, cell, ending, status);
                    let how = format!("failed: {what}");
                    failures.insert(cell.name.clone(), what);
                    how
                }
            };
            log::info!("{ended} of {count}: {}: {how}", cell.name);
        }
        thread::sleep(PAUSE);
    }
}

/// Why a run that ended is not done.
fn failure(sweep: &SweepDir, cell: &Cell, ending: Ending, status: ExitStatus) -> String {
    let what = match ending {
        Ending::Failed(what) => Some(what),
        _ => told(&sweep.output(cell)),
    };
    what.unwrap_or_else(|| {
        let said = sweep.said(cell);
        format!("its process ended with {status}, see {}", said.display())
    })
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
    let file = |path: &Path| File::create(path).map_err(|error| Error::output(path, &error));
    let (output, said) = (file(&sweep.output(cell))?, file(&sweep.said(cell))?);
    command.stdin(Stdio::null()).stdout(output).stderr(said);
    apart(&mut command);
    let process = command.spawn().map_err(|error| refuse(&error))?;
    Ok(Job { cell, process })
}

impl Drop for Jobs<'_> {
    /// Has the runs save what they have, and waits for that. One that takes too long is ended, and goes on later from its
    /// last checkpoint.
    fn drop(&mut self) {
        for job in &mut self.0 {
            interrupt(&mut job.process);
        }
        let end = Instant::now() + PATIENCE;
        for Job { process, .. } in &mut self.0 {
            while Instant::now() < end && matches!(process.try_wait(), Ok(None)) {
                thread::sleep(PAUSE);
            }
            // It may have ended meanwhile.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Has a run get no signals but those that the sweep passes on: a terminal, like others, signals all of a group.
#[cfg(unix)]
fn apart(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn apart(_: &mut Command) {}

/// Passes a signal on, once: a second one would end the run while it saves.
fn interrupt(process: &mut Child) {
    if cfg!(unix) && matches!(process.try_wait(), Ok(None)) {
        let id = process.id().to_string();
        let mut kill = Command::new("kill");
        let kill = kill.args(["-TERM", &id]).stderr(Stdio::null());
        // Without that program, they are ended after a while.
        let _ = kill.status();
    }
}
