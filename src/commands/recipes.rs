//! `wgprune recipes`

use super::print;
use crate::cli::RecipesArgs;
use serde_json::json;
use wgprune::config::{RECIPES, Recipe};
use wgprune::error::Result;

pub(super) fn run(args: &RecipesArgs) -> Result<()> {
    let json = |recipe: &Recipe| json!({"name": recipe.name, "about": recipe.about()});
    match (&args.name, args.json) {
        (None, true) => print(json!(RECIPES.each_ref().map(json))),
        (None, false) => {
            let width = RECIPES.iter().map(|recipe| recipe.name.len()).max();
            let width = width.unwrap_or(0);
            RECIPES
                .iter()
                .try_for_each(|recipe| print(format!("{:width$}  {}", recipe.name, recipe.about())))
        }
        (Some(name), as_json) => {
            let recipe = Recipe::find(name)?;
            if as_json {
                let mut line = json(recipe);
                line["toml"] = recipe.text.into();
                print(line)
            } else {
                print(recipe.text.trim_end())
            }
        }
    }
}
