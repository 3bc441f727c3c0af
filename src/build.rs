//! Tells the program which version of wgpu is in it, which wgpu does not say of itself, which kernels, and
//! which configurations.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// What decides how fast a kernel is on one adapter: its text, what is added to that, and the sizes that it gets.
const KERNELS: [&str; 4] = ["shaders", "src/gpu/tuning.rs", "src/ops", "src/ops.rs"];

fn main() {
    println!("cargo::rerun-if-changed=Cargo.lock");
    let lock = fs::read_to_string("Cargo.lock").unwrap_or_default();
    let version = lock
        .split_once("name = \"wgpu\"\nversion = \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("unknown", |(version, _)| version);
    println!("cargo::rustc-env=WGPU_VERSION={version}");

    // wgpu translates them.
    let mut digest = fnv(FNV_OFFSET, version.as_bytes());
    for path in KERNELS {
        println!("cargo::rerun-if-changed={path}");
        for file in files(Path::new(path)) {
            let name = file.to_string_lossy().replace('\\', "/");
            let text = fs::read(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
            digest = fnv(fnv(digest, name.as_bytes()), &text);
        }
    }
    println!("cargo::rustc-env=KERNELS_DIGEST={digest:016x}");

    embed("methods", "Method");
    embed("recipes", "Recipe");
}

/// Writes the expression of a list of the TOML files of a folder in `assets/`, each as a name and a text, so that one more
/// takes one more file and nothing else.
fn embed(folder: &str, kind: &str) {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let assets = Path::new("assets").join(folder);
    println!("cargo::rerun-if-changed={}", assets.display());
    let is_toml = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "toml");
    let named = files(&assets).into_iter().filter(is_toml).map(|path| {
        let text = |part: &OsStr| part.to_str().expect("a path in Unicode").to_owned();
        let name = text(path.file_stem().expect("it ends in .toml"));
        (name, text(root.join(path).as_os_str()))
    });
    // By name and not by path, where the dot of the ending counts.
    let list: String = BTreeMap::from_iter(named)
        .iter()
        .map(|(name, path)| format!("{kind} {{ name: {name:?}, text: include_str!({path:?}) }},\n"))
        .collect();
    let out = PathBuf::from(variable("OUT_DIR")).join(format!("{folder}.rs"));
    fs::write(&out, format!("&[\n{list}]"))
        .unwrap_or_else(|error| panic!("{}: {error}", out.display()));
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A file, or those below a folder, in an order that is the same everywhere.
fn files(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(path) else {
        return vec![path.to_owned()];
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| files(path)).collect()
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a of 64 bits, which goes on from `hash`. The standard library promises no hash that stays from version to version.
fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
