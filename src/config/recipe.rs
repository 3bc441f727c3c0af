//! Configurations that come with the program, and the choice between one of them and a file.

use crate::error::{Error, Result};
use crate::nearest::known_names;
use crate::net::is_file;
use std::path::Path;
use toml::Table;

/// A configuration that comes with the program, after a published experiment or to start from.
#[derive(Debug)]
pub struct Recipe {
    /// What `--config` takes.
    pub name: &'static str,
    /// The TOML file, whole; its head says where it comes from and what is different here.
    pub text: &'static str,
}

/// The files in `assets/recipes/`, by name.
pub static RECIPES: &[Recipe] = include!(concat!(env!("OUT_DIR"), "/recipes.rs"));

impl Recipe {
    /// The recipe of this name.
    ///
    /// # Errors
    /// There is none; the message has the nearest name and all of them.
    pub fn find(name: &str) -> Result<&'static Self> {
        let found = RECIPES.iter().find(|recipe| recipe.name == name);
        found.ok_or_else(|| {
            Error::config(
                format!("there is no recipe named {name:?}"),
                format!(
                    "{}; a file is given with its .toml or with a path, such as ./{name}",
                    known_names(
                        name,
                        "the recipes",
                        RECIPES.iter().map(|recipe| recipe.name)
                    )
                ),
            )
        })
    }

    /// What it is, in one line: the first of its comments.
    pub fn about(&self) -> &'static str {
        let line = self.text.lines().next().unwrap_or_default();
        line.trim_start_matches(['#', ' '])
    }
}

/// What `--config` names: a file ([`is_file`]), or else a recipe. With it, what an error in there blames.
pub(super) fn read(name: &Path) -> Result<(Table, String)> {
    match name.to_str().filter(|name| !is_file(name)) {
        Some(name) => {
            let source = format!("the recipe {name}");
            Ok((parse(Recipe::find(name)?.text, &source)?, source))
        }
        None => {
            let source = name.display().to_string();
            let text = std::fs::read_to_string(name).map_err(|error| {
                Error::config(
                    format!("cannot read the configuration {source}: {error}"),
                    "give the path of a TOML file, for example the config.toml of a run, or the name of a recipe",
                )
            })?;
            Ok((parse(&text, &source)?, source))
        }
    }
}

fn parse(text: &str, source: &str) -> Result<Table> {
    text.parse().map_err(|error: toml::de::Error| {
        Error::config(
            format!("{source}: {}", error.to_string().trim()),
            "mend the TOML there",
        )
    })
}
