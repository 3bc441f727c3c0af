//! Signals and kills: the program is stopped at random moments, goes on, and ends as if nothing had happened.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;

use program::{assert_same_outcome, here, json_in, program, wgprune, write_digits};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use wgprune::random::{Stream, unit, words};

/// Twenty-five epochs of seven steps, so that all kinds of moments lie close together.
const RUN: &str = "train --model lenet-300-100 --data ./digits --batch 32 --epochs 25 --lr 0.01 \
                   --set data.validation=32 --set data.rotation=10";

/// A folder with the data of [`RUN`].
fn with_digits() -> TempDir {
    let folder = here();
    write_digits(&folder.path().join("digits"), 256);
    folder
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

#[test]
fn killed_at_twenty_random_moments_a_run_ends_as_one_that_was_not() {
    let _alone = alone();
    let folder = with_digits();
    let whole = wgprune(folder.path(), &format!("{RUN} --out whole --json")).json();
    let [first, wall] =
        ["first_step_seconds", "wall_seconds"].map(|field| whole[field].as_f64().unwrap());
    let seed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    eprintln!("seed {seed}; undisturbed, the first step was done after {first:.2} of {wall:.2} s");
    let (mut chain, mut kills) = (0, 0);
    while kills < 20 {
        chain += 1;
        let out = folder.path().join(format!("chain-{chain}"));
        loop {
            // A process that was killed too early to have a run leaves at most a folder without run.json.
            let args = if out.join("run.json").exists() {
                format!("train --resume chain-{chain}")
            } else {
                let _ = std::fs::remove_dir_all(&out);
                format!("{RUN} --out chain-{chain}")
            };
            let mut child = spawn(folder.path(), &args);
            if kills < 20 {
                let share = unit(words(seed, Stream::Shuffle, 0, kills)[0]);
                sleep(Duration::from_secs_f64(
                    share * (first + (wall - first) / 5.0),
                ));
                if child.try_wait().unwrap().is_none() {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    kills += 1;
                    continue;
                }
            }
            let (code, text) = end(child);
            assert_eq!(code, Some(0), "seed {seed}: {text}");
            break;
        }
        assert_same_outcome(&folder.path().join("whole"), &out);
    }
    eprintln!("20 kills in {chain} chains");
}

#[test]
fn a_signal_saves_the_run_and_says_how_to_go_on() {
    let _alone = alone();
    let folder = with_digits();
    let run = RUN;
    assert_eq!(
        wgprune(folder.path(), &format!("{run} --out whole")).code,
        Some(0)
    );
    for (name, code, flags) in [("INT", 130, ""), ("TERM", 143, " --json -q")] {
        let mut child = spawn(folder.path(), &format!("{run} --out {name}{flags}"));
        let out = folder.path().join(name);
        wait_for(&out.join("checkpoints/last"), &mut child);
        signal(&child, name);
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
            let line: serde_json::Value = serde_json::from_str(&printed).unwrap();
            assert_eq!(line["error"]["code"], code);
            assert_eq!(text.lines().count(), 1, "{text}");
        }
        assert_eq!(json_in(&out, "run.json")["state"], "interrupted");
        let meta = out.join(format!("checkpoints/step-{step:08}"));
        assert_eq!(
            json_in(&meta, "meta.json")["meta"]["position"]["step"],
            step
        );

        let resumed = wgprune(folder.path(), &format!("train --resume {name}"));
        assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
        assert!(
            resumed
                .stderr
                .contains(&format!("going on from step {step}\n")),
            "{}",
            resumed.stderr
        );
        assert_same_outcome(&folder.path().join("whole"), &out);
    }
}

#[test]
fn a_signal_before_the_first_step_and_a_second_signal_end_the_program_at_once() {
    let _alone = alone();
    let folder = with_digits();
    // Of two signals that wait together, the system may hand over either one first.
    for (first, second, codes) in [
        ("INT", None, [130; 2]),
        ("TERM", None, [143; 2]),
        ("INT", Some("TERM"), [130, 143]),
    ] {
        let mut child = spawn(folder.path(), &format!("{RUN} --out run"));
        if let Some(second) = second {
            wait_for(&folder.path().join("run/checkpoints/last"), &mut child);
            signal(&child, first);
            signal(&child, second);
        } else {
            // What it says before the kernels are compiled.
            let mut stderr = BufReader::new(child.stderr.take().unwrap());
            let mut line = String::new();
            stderr.read_line(&mut line).unwrap();
            assert!(line.starts_with("adapter: "), "{line}");
            signal(&child, first);
            child.stderr = Some(stderr.into_inner());
        }
        let start = Instant::now();
        let (ended, text) = end(child);
        assert!(codes.map(Some).contains(&ended), "{ended:?}: {text}");
        assert!(!text.contains("saved"), "{text}");
        assert!(start.elapsed() < Duration::from_secs(20), "{text}");
        if second.is_none() {
            assert!(!folder.path().join("run").exists(), "{text}");
        }
    }
}
