//! Running the program as a user does, and short runs that several tests look at.

#![allow(dead_code, reason = "each test file uses a part of this")]

use safetensors::SafeTensors;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use tempfile::TempDir;

/// What a command left behind.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        assert_eq!(self.stdout.lines().count(), 1, "{}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// The program in `folder`, with the environment of the tests less what would change its answers.
pub(crate) fn program(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wgprune"));
    command
        .args(args)
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .env_remove("WGPRUNE_DATA")
        .env("NO_PROXY", "127.0.0.1")
        // Without a desktop, this layer of Mesa writes lines of its own to standard error.
        .env("NODEVICE_SELECT", "1");
    command
}

fn run(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    let run = Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(
        !run.stderr.contains("panicked"),
        "{command:?}: {}",
        run.stderr
    );
    run
}

pub(crate) fn wgprune_with(folder: &Path, variables: &[(&str, &str)], args: &[&str]) -> Run {
    run(program(folder, args).envs(variables.iter().copied()))
}

/// The program with its standard output sent elsewhere.
pub(crate) fn wgprune_into(stdout: Stdio, args: &str) -> Run {
    let folder = here();
    let args: Vec<&str> = args.split(' ').collect();
    run(program(folder.path(), &args).stdout(stdout))
}

pub(crate) fn wgprune(folder: &Path, args: &str) -> Run {
    wgprune_with(folder, &[], &args.split(' ').collect::<Vec<_>>())
}

/// The command fails with this code, nothing on standard output, and one message that has all of `parts`.
pub(crate) fn assert_refused(run: &Run, code: i32, parts: &[&str]) {
    let Run { stdout, stderr, .. } = run;
    assert_eq!(run.code, Some(code), "{stderr}");
    assert_eq!(stdout, "");
    let messages = stderr.lines().filter(|line| line.starts_with("error: "));
    assert_eq!(messages.count(), 1, "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "{part:?} is not in: {stderr}");
    }
}

/// The words of a command line, refused as [`assert_refused`] has it, and with `--json` in one line of JSON.
pub(crate) fn assert_command_refused(folder: &Path, args: &str, code: i32, parts: &[&str]) {
    assert_refused(&wgprune(folder, args), code, parts);
    let with_json = wgprune(folder, &format!("{args} --json"));
    assert_eq!(with_json.code, Some(code), "{}", with_json.stderr);
    assert_eq!(with_json.stdout.lines().count(), 1, "{}", with_json.stdout);
    let line: Value = serde_json::from_str(&with_json.stdout).unwrap();
    assert_eq!(line["error"]["code"], code);
    let text = format!("{}\n{}", line["error"]["what"], line["error"]["help"]).replace('\\', "");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

/// One short run in a folder of its own, started one at a time since each takes all cores.
pub(crate) fn train(args: &str) -> (TempDir, Value) {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let run = wgprune(folder.path(), &format!("train --json --out run {args}"));
    (folder, run.json())
}

pub(crate) const SHORT: &str = "--steps 12 --batch 32";
pub(crate) const SMALL: &str = "--steps 12 --batch 32 --model lenet-300-100";

/// The run that several tests look at.
pub(crate) fn short_run() -> &'static (TempDir, Value) {
    static RUN: OnceLock<(TempDir, Value)> = OnceLock::new();
    RUN.get_or_init(|| train(SHORT))
}

/// The run of the smaller network, for what does not depend on the network.
pub(crate) fn small_run() -> &'static (TempDir, Value) {
    static RUN: OnceLock<(TempDir, Value)> = OnceLock::new();
    RUN.get_or_init(|| train(SMALL))
}

pub(crate) fn file(run: &(TempDir, Value), name: &str) -> PathBuf {
    run.0.path().join("run").join(name)
}

pub(crate) fn weights(run: &(TempDir, Value)) -> Vec<u8> {
    fs::read(file(run, "final.safetensors")).unwrap()
}

/// The lines of `metrics.jsonl` without their times.
pub(crate) fn metrics(run: &(TempDir, Value)) -> Vec<Value> {
    metrics_in(&run.0.path().join("run"))
}

fn metrics_in(run: &Path) -> Vec<Value> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            line.as_object_mut().unwrap().remove("seconds");
            line
        })
        .collect()
}

/// All that a finished run in this folder must have in common with one that never stopped: the bytes of its weights,
/// and its metrics and results without times.
pub(crate) fn outcome(run: &Path) -> (Vec<u8>, Vec<Value>, Vec<String>) {
    let results = fs::read_to_string(run.join("results.csv")).unwrap();
    let untimed = |line: &str| line.rsplit_once(',').unwrap().0.to_owned();
    (
        fs::read(run.join("final.safetensors")).unwrap(),
        metrics_in(run),
        results.lines().map(untimed).collect(),
    )
}

/// Asserts that two finished runs have the same [`outcome`].
#[track_caller]
pub(crate) fn assert_same_outcome(run: &Path, other: &Path) {
    let ((weights, metrics, results), (weights_2, metrics_2, results_2)) =
        (outcome(run), outcome(other));
    assert_eq!(metrics, metrics_2);
    assert_eq!(results, results_2);
    assert!(weights == weights_2, "the weights differ");
}

/// A JSON file of a run folder.
pub(crate) fn json_in(run: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(run.join(name)).unwrap()).unwrap()
}

/// Name, shape, elements and zeros of every tensor, by name.
pub(crate) fn tensors(bytes: &[u8]) -> Vec<(String, Vec<usize>, usize, usize)> {
    let file = SafeTensors::deserialize(bytes).unwrap();
    let mut list: Vec<_> = file
        .tensors()
        .into_iter()
        .map(|(name, view)| {
            let values = view.data().as_chunks::<4>().0;
            let zeros = values
                .iter()
                .filter(|&&value| f32::from_le_bytes(value) == 0.0)
                .count();
            (name, view.shape().to_vec(), values.len(), zeros)
        })
        .collect();
    list.sort();
    list
}

/// Zeros among the weights proper.
pub(crate) fn zeros(bytes: &[u8]) -> usize {
    let list = tensors(bytes);
    let weights = list.iter().filter(|(name, ..)| name.ends_with(".weight"));
    weights.map(|(.., zeros)| zeros).sum()
}

/// An IDX file of u8 values.
pub(crate) fn idx(dimensions: &[u32], values: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, u8::try_from(dimensions.len()).unwrap()];
    file.extend(dimensions.iter().flat_map(|n| n.to_be_bytes()));
    file.extend(values);
    file
}

/// A data set of `count` training images and as many test images, in a new folder.
pub(crate) fn write_digits(folder: &Path, count: u32) {
    fs::create_dir_all(folder).unwrap();
    let cycle = |length: u32, period: u32| -> Vec<u8> {
        let values = (0..length).map(|i| u8::try_from(i % period).unwrap());
        values.collect()
    };
    for part in ["train", "t10k"] {
        // A prime, so that no two images in a row are the same.
        let images = idx(&[count, 28, 28], &cycle(count * 784, 251));
        let labels = idx(&[count], &cycle(count, 10));
        fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
}

pub(crate) fn here() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Copies a finished run and makes of it one that was killed after its last checkpoint.
pub(crate) fn unfinished(folder: &Path) -> PathBuf {
    let run = folder.join("run");
    copy(&file(small_run(), ""), &run);
    fs::remove_file(run.join("final.safetensors")).unwrap();
    let record = fs::read_to_string(run.join("run.json")).unwrap();
    fs::write(
        run.join("run.json"),
        record.replace("\"done\"", "\"running\""),
    )
    .unwrap();
    run
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
