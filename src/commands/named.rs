//! Files that come with the program: a list, or the text of one.

use super::print;
use crate::cli::NamedArgs;
use serde_json::{Value, json};
use wgprune::error::Result;

/// One of them.
pub(super) struct Named {
    pub(super) name: &'static str,
    /// The rest of its line in the list.
    pub(super) about: String,
    /// What `--json` tells of it beside the name.
    pub(super) facts: Vec<(&'static str, String)>,
    /// The file.
    pub(super) text: &'static str,
}

impl Named {
    fn json(&self) -> Value {
        let facts = self.facts.iter();
        let pairs = facts.map(|(key, fact)| ((*key).to_owned(), fact.as_str().into()));
        let name = ("name".to_owned(), self.name.into());
        Value::Object([name].into_iter().chain(pairs).collect())
    }
}

/// Prints `all`, or what `find` finds for the name that the flags give.
pub(super) fn run(
    args: &NamedArgs,
    all: impl Iterator<Item = Named>,
    find: impl Fn(&str) -> Result<Named>,
) -> Result<()> {
    match (&args.name, args.json) {
        (None, true) => print(json!(all.map(|named| named.json()).collect::<Vec<_>>())),
        (None, false) => {
            let all: Vec<Named> = all.collect();
            let width = all.iter().map(|named| named.name.len()).max().unwrap_or(0);
            let mut lines = all.iter();
            lines.try_for_each(|named| print(format!("{:width$}  {}", named.name, named.about)))
        }
        (Some(name), true) => {
            let named = find(name)?;
            let mut line = named.json();
            line["toml"] = named.text.into();
            print(line)
        }
        (Some(name), false) => print(find(name)?.text.trim_end()),
    }
}
