//! `wgprune recipes`

use super::named::{self, Named};
use crate::cli::NamedArgs;
use wgprune::config::{RECIPES, Recipe};
use wgprune::error::Result;

pub(super) fn run(args: &NamedArgs) -> Result<()> {
    let named = |recipe: &Recipe| Named {
        name: recipe.name,
        about: recipe.about().to_owned(),
        facts: vec![("about", recipe.about().to_owned())],
        text: recipe.text,
    };
    named::run(args, RECIPES.iter().map(named), |name| {
        Recipe::find(name).map(named)
    })
}
