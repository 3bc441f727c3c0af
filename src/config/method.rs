//! Pruning methods by name: each is a preset of the keys of `[prune]`.

use crate::error::{Error, Result};
use crate::nearest::known_names;
use serde::Deserialize;
use toml::Table;

/// A pruning method that comes with the program.
#[derive(Debug)]
pub struct Method {
    /// What `prune.method` takes.
    pub name: &'static str,
    /// The TOML file, whole.
    pub text: &'static str,
}

/// The files in `assets/methods/`, by name.
pub static METHODS: &[Method] = include!(concat!(env!("OUT_DIR"), "/methods.rs"));

/// What a method's file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodFile {
    /// What it does, in a line.
    pub title: String,
    /// Authors, year and title; a control has none.
    pub paper: Option<String>,
    /// What it takes beside the training of the network.
    pub cost: String,
    /// Of [`METHOD_KEYS`](super::METHOD_KEYS), at least those that are not as by default.
    pub prune: Table,
}

impl Method {
    /// The method of this name.
    ///
    /// # Errors
    /// There is none; the message has the nearest name and all of them.
    pub fn find(name: &str) -> Result<&'static Self> {
        let found = METHODS.iter().find(|method| method.name == name);
        found.ok_or_else(|| {
            Error::config(
                format!("there is no pruning method {name:?} for prune.method"),
                format!(
                    "{}; `wgprune methods` says what they do",
                    known_names(
                        name,
                        "the methods",
                        METHODS.iter().map(|method| method.name)
                    )
                ),
            )
        })
    }

    /// What its file says.
    ///
    /// # Panics
    /// If the file is wrong, which a test of the program rules out.
    pub fn file(&self) -> MethodFile {
        toml::from_str(self.text).expect("the methods are checked by a test")
    }
}
