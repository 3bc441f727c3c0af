//! Signals and kills: the program is stopped at random moments, goes on, and ends as if nothing had happened.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;

use program::{assert_same_outcome, here, json_in, program, wgprune, write_digits};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use wgprune::random::{Stream, unit, words};

/// Epochs of seven steps, so that all kinds of moments lie close together.
const SETTING: &str = "train --model lenet-300-100 --data ./digits --batch 32 --lr 0.01 \
                       --set data.validation=32 --set data.rotation=10";
const EPOCHS: usize = 25;

fn run_into(out: &str) -> String {
    format!("{SETTING} --epochs {EPOCHS} --out {out}")
}

/// A folder with the data and with one undisturbed run in `whole`, and the line that this run printed.
fn undisturbed() -> &'static (TempDir, Value) {
    static WHOLE: OnceLock<(TempDir, Value)> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let folder = here();
        write_digits(&folder.path().join("digits"), 256);
        // So that what is measured has its kernels from the driver's cache, as the runs that follow will.
        let warm = wgprune(folder.path(), &format!("{SETTING} --epochs 1 --out warm"));
        assert_eq!(warm.code, Some(0), "{}", warm.stderr);
        let whole = wgprune(folder.path(), &format!("{} --json", run_into("whole"))).json();
        (folder, whole)
    })
}

/// These tests measure by the clock, so one at a time has the machine.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spawn(folder: &Path, args: &str) -> Child {
    let args: Vec<&str> = args.split(' ').collect();
    let mut command = program(folder, &args);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &id])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// Exit code and standard error of a process that ends by itself.
fn end(mut child: Child) -> (Option<i32>, String) {
    let mut text = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    (child.wait().unwrap().code(), text)
}

fn wait_for(path: &Path, child: &mut Child) {
    let start = Instant::now();
    while !path.exists() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended without {}",
            path.display()
        );
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "no {}",
            path.display()
        );
        sleep(Duration::from_millis(2));
    }
}

/// Reads what the process says until a line begins so. Whether one did before the process ended.
fn wait_to_hear(start: &str, child: &mut Child) -> bool {
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut lines = stderr.by_ref().lines().map(Result::unwrap);
    let heard = lines.any(|line| line.starts_with(start));
    child.stderr = Some(stderr.into_inner());
    heard
}

/// Starts a run and has the system stop it at a moment. Where others take all cores that may come too late; then
/// another run is started.
fn stopped(
    folder: &Path,
    args: &str,
    out: &Path,
    wait: impl Fn(&mut Child),
    is_in_time: impl Fn() -> bool,
) -> Child {
    for _ in 0..5 {
        let mut child = spawn(folder, args);
        wait(&mut child);
        signal(&child, "STOP");
        if is_in_time() {
            return child;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        std::fs::remove_dir_all(out).unwrap();
    }
    panic!("five times, {args} was not stopped in time");
}

/// Starts a run and has the system stop it after its first checkpoint, with most of its epochs to go.
fn stopped_at_work(folder: &Path, args: &str, out: &Path) -> Child {
    let wait = |child: &mut Child| wait_for(&out.join("checkpoints/last"), child);
    let is_in_time = || {
        let results = std::fs::read_to_string(out.join("results.csv")).unwrap();
        results.lines().count() < EPOCHS / 2
    };
    stopped(folder, args, out, wait, is_in_time)
}

/// Twenty kills of a process that has begun to train, and a few of one that still prepares for it.
#[test]
fn killed_at_twenty_random_moments_a_run_ends_as_one_that_was_not() {
    let _alone = alone();
    let (folder, whole) = undisturbed();
    let folder = folder.path();
    let [first, wall] =
        ["first_step_seconds", "wall_seconds"].map(|field| whole[field].as_f64().unwrap());
    let seed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    eprintln!("seed {seed}; undisturbed, the first step was done after {first:.2} of {wall:.2} s");
    let (mut chain, mut early, mut kills) = (0, 0, 0);
    while kills < 20 {
        chain += 1;
        assert!(
            chain <= 10,
            "seed {seed}: of ten runs, nine ended before {kills} kills"
        );
        let name = format!("chain-{chain}");
        let out = folder.join(&name);
        loop {
            // A process that was killed too early to have a run leaves at most a folder without run.json.
            let args = if out.join("run.json").exists() {
                format!("train --resume {name}")
            } else {
                let _ = std::fs::remove_dir_all(&out);
                run_into(&name)
            };
            let has_begun = out.join("checkpoints/last").exists();
            let mut child = spawn(folder, &args);
            // Another chain comes to other moments.
            let draw = words(seed, Stream::Shuffle, chain, kills);
            let is_early = kills < 20 && kills >= 7 * early;
            if is_early {
                sleep(Duration::from_secs_f64(unit(draw[0]) * first));
                early += 1;
            } else if kills < 20 {
                if has_begun {
                    wait_to_hear("going on from step", &mut child);
                } else {
                    wait_for(&out.join("checkpoints/last"), &mut child);
                }
                let while_it_trains = (wall - first) / 5.0;
                sleep(Duration::from_secs_f64(unit(draw[1]) * while_it_trains));
            }
            if kills < 20 {
                child.kill().unwrap();
            }
            let (code, text) = end(child);
            if code.is_some() {
                assert_eq!(code, Some(0), "seed {seed}: {text}");
                break;
            }
            kills += u32::from(!is_early);
        }
        assert_same_outcome(&folder.join("whole"), &out);
    }
    eprintln!("{kills} kills, and {early} early ones, in {chain} chains");
}

#[test]
fn a_signal_saves_the_run_and_says_how_to_go_on() {
    let _alone = alone();
    let folder = undisturbed().0.path();
    for (name, code, flags) in [("INT", 130, ""), ("TERM", 143, " --json -q")] {
        let out = folder.join(name);
        let mut child = stopped_at_work(folder, &format!("{}{flags}", run_into(name)), &out);
        signal(&child, name);
        signal(&child, "CONT");
        let mut printed = String::new();
        let mut stdout = child.stdout.take().unwrap();
        let (ended, text) = end(child);
        stdout.read_to_string(&mut printed).unwrap();
        assert_eq!(ended, Some(code), "{text}");
        let last = text.lines().last().unwrap();
        let step: u32 = last
            .strip_prefix("saved step ")
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let resume = format!("wgprune train --resume {name}");
        assert_eq!(last, format!("saved step {step}; resume with: {resume}"));
        assert!((1..175).contains(&step), "{step}");
        if flags.is_empty() {
            assert_eq!(printed, "");
        } else {
            let line: Value = serde_json::from_str(&printed).unwrap();
            assert_eq!(line["error"]["code"], code);
            assert_eq!(text.lines().count(), 1, "{text}");
        }
        assert_eq!(json_in(&out, "run.json")["state"], "interrupted");
        let meta = out.join(format!("checkpoints/step-{step:08}"));
        assert_eq!(
            json_in(&meta, "meta.json")["meta"]["position"]["step"],
            step
        );

        let resumed = wgprune(folder, &format!("train --resume {name}"));
        assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
        assert!(
            resumed
                .stderr
                .contains(&format!("going on from step {step}\n")),
            "{}",
            resumed.stderr
        );
        assert_same_outcome(&folder.join("whole"), &out);
    }
}

#[test]
fn a_signal_before_the_first_step_ends_the_program_at_once() {
    let _alone = alone();
    let folder = undisturbed().0.path();
    let out = folder.join("none");
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        // It says this before the kernels are compiled, and makes its folder after that.
        let wait = |child: &mut Child| assert!(wait_to_hear("adapter: ", child));
        let child = stopped(folder, &run_into("none"), &out, wait, || !out.exists());
        signal(&child, name);
        signal(&child, "CONT");
        assert_ends_at_once(child, &[code]);
        assert!(!out.exists());
    }
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let _alone = alone();
    let folder = undisturbed().0.path();
    let out = folder.join("twice");
    for _ in 0..5 {
        let child = stopped_at_work(folder, &run_into("twice"), &out);
        // Both wait until the process goes on, which then has hardly time to save between them.
        for name in ["INT", "TERM", "CONT"] {
            signal(&child, name);
        }
        let (ended, text) = end(child);
        // Of two signals that wait together, the system may hand over either one first.
        assert!(matches!(ended, Some(130 | 143)), "{ended:?}: {text}");
        if !text.contains("saved") {
            return;
        }
        // It handed over the second one so late that the first was answered.
        std::fs::remove_dir_all(&out).unwrap();
    }
    panic!("five times, the run was saved though a second signal came");
}

#[track_caller]
fn assert_ends_at_once(child: Child, codes: &[i32]) {
    let start = Instant::now();
    let (ended, text) = end(child);
    assert!(
        ended.is_some_and(|code| codes.contains(&code)),
        "{ended:?}: {text}"
    );
    assert!(!text.contains("saved"), "{text}");
    assert!(start.elapsed() < Duration::from_secs(20), "{text}");
}
