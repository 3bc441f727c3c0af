//! Completions and manual pages: they name every command, and shells can read what is made for them.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;

use program::{assert_refused, here, wgprune};
use std::fs;
use std::process::Command;

/// The commands, as the help lists them.
fn commands() -> Vec<String> {
    let help = wgprune(here().path(), "--help").stdout;
    let list = help.split("Commands:\n").nth(1).unwrap();
    let list = list.split("\n\n").next().unwrap().lines();
    // Two spaces before a name, more before the second line of a description.
    let names = list.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    names.map(str::to_owned).collect()
}

#[test]
fn the_help_lists_commands() {
    let commands = commands();
    for name in ["train", "eval", "recipes", "completions", "man"] {
        assert!(
            commands.iter().any(|command| command == name),
            "{commands:?}"
        );
    }
}

#[test]
fn completions_name_every_command_and_the_flags() {
    let folder = here();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = wgprune(folder.path(), &format!("completions {shell}"));
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        for name in commands() {
            assert!(run.stdout.contains(&name), "{shell} lacks {name}");
        }
        for flag in ["sparsity", "data-root"] {
            assert!(run.stdout.contains(flag), "{shell} lacks {flag}");
        }
    }
    let unknown = wgprune(folder.path(), "completions tcsh");
    assert_refused(&unknown, 2, &["tcsh", "bash", "powershell"]);
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let folder = here();
    let script = wgprune(folder.path(), "completions bash").stdout;
    fs::write(folder.path().join("wgprune.bash"), script).unwrap();
    let complete = |words: &str, count: usize| {
        let line = format!(
            "source wgprune.bash && COMP_WORDS=({words}) && COMP_CWORD={count} && \
             _wgprune wgprune \"${{COMP_WORDS[{count}]}}\" && echo \"${{COMPREPLY[@]}}\""
        );
        let mut bash = Command::new("bash");
        let bash = bash
            .args(["--norc", "-c", &line])
            .current_dir(folder.path());
        let output = bash.output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    // Windows has a program of this name that only asks for a Linux to be installed.
    let bash = Command::new("bash").args(["--norc", "-c", "true"]).output();
    if !bash.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: there is no bash");
        return;
    }
    assert_eq!(complete("wgprune tr", 1), "train");
    assert_eq!(complete("wgprune train --spars", 2), "--sparsity");
    assert_eq!(complete("wgprune completions z", 2), "zsh");
}

#[test]
fn the_manual_page_has_what_the_help_has() {
    let page = wgprune(here().path(), "man");
    assert_eq!((page.code, page.stderr.as_str()), (Some(0), ""));
    assert!(page.stdout.contains(".TH wgprune 1"), "{}", page.stdout);
    // A hyphen has a backslash before it in a page.
    let text = page.stdout.replace('\\', "");
    for name in commands() {
        assert!(
            text.contains(&format!("wgprune-{name}(1)")),
            "{name}: {text}"
        );
    }
    for part in ["Exit codes", "3 adapter", "Examples:", "--quiet"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_folder_gets_a_page_for_each_command() {
    let folder = here();
    let run = wgprune(folder.path(), "man --dir pages/man1");
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let mut written: Vec<String> = fs::read_dir(folder.path().join("pages/man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    written.sort();
    // A command may have commands below it, with pages of their own.
    for name in commands() {
        assert!(
            written.contains(&format!("wgprune-{name}.1")),
            "{written:?}"
        );
    }
    assert!(written.contains(&"wgprune.1".to_owned()), "{written:?}");
    assert_eq!(run.stdout.lines().count(), written.len());
    for line in run.stdout.lines() {
        let page = fs::read_to_string(folder.path().join(line)).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{line}: {page}");
    }
    let train = folder.path().join("pages/man1/wgprune-train.1");
    let train = fs::read_to_string(train).unwrap().replace('\\', "");
    assert!(
        train.contains("--sparsity") && train.contains("Examples:"),
        "{train}"
    );

    fs::write(folder.path().join("file"), "").unwrap();
    let run = wgprune(folder.path(), "man --dir file");
    assert_refused(&run, 8, &["manual pages into file", "--dir"]);
}
