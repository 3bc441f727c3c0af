//! The configurations that come with the program: what they hold, how they are chosen, and what goes over them.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;

use program::{assert_command_refused, file, here, train, wgprune, wgprune_with};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use wgprune::config::{Config, RECIPES};
use wgprune::net::Init;
use wgprune::train::Schedule;

/// Training images of MNIST.
const IMAGES: u32 = 60_000;

fn recipe(name: &str) -> (Config, Schedule) {
    let config = Config::resolve(Some(Path::new(name)), &[]).unwrap();
    let schedule = Schedule::new(&config, IMAGES - config.data.validation).unwrap();
    (config, schedule)
}

#[test]
fn every_file_of_the_folder_is_embedded_and_says_what_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/recipes");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|file| file.strip_suffix(".toml").unwrap().to_owned())
        .collect();
    assert!(
        RECIPES.iter().map(|recipe| recipe.name).eq(&files),
        "the list in src/config/recipe.rs is not, in the order of the alphabet, {files:?}"
    );
    for recipe in &RECIPES {
        assert!(
            recipe.text.starts_with("# ") && recipe.about().len() > 20,
            "{} does not begin with a line that says what it is",
            recipe.name
        );
        let longest = recipe.text.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(120), "{} has a long line", recipe.name);
    }
}

#[test]
fn recipes_mean_the_runs_that_they_are_named_after() {
    // Steps of an epoch and of the run, learning rate of the first and of the last step; step after the ramp, and
    // sparsity, unless the recipe waits for a method and prunes nothing by itself.
    let wanted = [
        ("lenet-5-mnist", 468, 9_360, 0.05, None, Some((3_744, 0.9))),
        ("lth-mnist", 916, 50_000, 1.2e-3, Some(1.2e-3), None),
        ("lth-mnist-sgd", 937, 50_000, 0.1, Some(0.1), None),
        ("openlth-mnist", 468, 18_720, 0.1, Some(0.1), None),
        (
            "pmp-mnist-78.9",
            417,
            66_720,
            0.1,
            None,
            Some((25_020, 0.789)),
        ),
        (
            "pmp-mnist-98",
            417,
            83_400,
            0.05,
            None,
            Some((33_360, 0.98)),
        ),
        ("snip-mnist", 540, 125_000, 0.1, Some(1e-5), None),
    ];
    assert!(
        RECIPES
            .iter()
            .map(|recipe| recipe.name)
            .eq(wanted.map(|row| row.0))
    );
    for (name, epoch, steps, first, last, pruned) in wanted {
        let (config, schedule) = recipe(name);
        assert_eq!((schedule.epoch, schedule.steps), (epoch, steps), "{name}");
        let rate = |step| schedule.learning_rate.at(step);
        assert_eq!(rate(0), first, "{name}");
        if let Some(last) = last {
            let ratio = rate(steps - 1) / last;
            assert!((ratio - 1.0).abs() < 1e-9, "{name}: {}", rate(steps - 1));
        }
        assert_eq!(config.data.name, "mnist");
        let ramp = schedule.ramp.map(|ramp| (ramp.end, ramp.target));
        assert_eq!(ramp, pruned, "{name}");
        let last_update = (0..steps)
            .rev()
            .find_map(|step| schedule.ramp.and_then(|ramp| ramp.due(step)));
        let sparsity = pruned.map(|(_, sparsity)| sparsity);
        assert_eq!(last_update, sparsity, "{name} misses its target");
    }
}

/// What the published runs depend on and a default could change.
#[test]
fn the_published_runs_are_those_of_the_notebooks() {
    for (name, epochs, updates, rotation, translation) in [
        ("pmp-mnist-78.9", 160, 60, 10.0, 0.1),
        ("pmp-mnist-98", 200, 80, 12.0, 0.12),
    ] {
        let (config, schedule) = recipe(name);
        let ramp = schedule.ramp.unwrap();
        assert_eq!((ramp.start, ramp.every, ramp.updates()), (0, 417, updates));
        assert_eq!(config.init.linear, Init::KaimingNormalFanOut);
        assert_eq!(config.data.validation, 6_600);
        assert_eq!(
            (config.data.rotation, config.data.translation),
            (rotation, translation)
        );
        // A cosine by epochs: one rate from the first step of an epoch to its last, and half way down half the rate.
        let rate = |step| schedule.learning_rate.at(step);
        assert_eq!(rate(0), rate(416));
        assert!(rate(417) < rate(416));
        assert!((rate(epochs / 2 * 417) / rate(0) - 0.5).abs() < 1e-9);
        assert!(rate(epochs * 417 - 1) / rate(0) < 1e-3);
    }
}

#[test]
fn every_recipe_trains() {
    for recipe in &RECIPES {
        // Two steps, on the digits that are at hand, with the ramp in them.
        let (_folder, json) = &train(&format!(
            "--config {} --data mnist-mini --steps 2 --set data.validation=50 --set prune.start=0it \
             --set prune.end=100% --set prune.every=1it",
            recipe.name
        ));
        let [kept, prunable] = ["kept_weights", "prunable_weights"].map(|key| json[key].as_f64());
        let share = json["sparsity_target"].as_f64().map(|target| 1.0 - target);
        let difference = kept.unwrap() - share.unwrap() * prunable.unwrap();
        assert!(difference.abs() <= 0.5, "{}: {json}", recipe.name);
        assert_eq!(json["steps"], 2, "{}", recipe.name);
    }
}

#[test]
fn flags_go_over_the_recipe_and_the_rest_of_it_stays() {
    let run = train(
        "--config pmp-mnist-98 --data mnist-mini --epochs 1 --batch 1000 --sparsity 0.5 --set prune.end=75% \
         --set data.validation=100 --seed 3",
    );
    let saved = Config::resolve(Some(&file(&run, "config.toml")), &[]).unwrap();
    let recipe = recipe("pmp-mnist-98").0;
    assert_eq!(
        (saved.prune.sparsity, saved.seed, saved.train.batch),
        (0.5, 3, 1000)
    );
    assert_eq!(run.1["kept_weights"], 133_100);
    assert_eq!((saved.init, saved.model), (recipe.init, recipe.model));
    assert_eq!(saved.data.rotation, recipe.data.rotation);
    assert_eq!(saved.learning_rate, recipe.learning_rate);
}

#[test]
fn the_list_and_the_text_of_a_recipe_are_printed() {
    let folder = here();
    let list = wgprune(folder.path(), "recipes");
    let lines: Vec<&str> = list.stdout.lines().collect();
    let json = wgprune(folder.path(), "recipes --json").json();
    assert_eq!(lines.len(), RECIPES.len());
    for ((recipe, line), object) in RECIPES.iter().zip(lines).zip(json.as_array().unwrap()) {
        let (name, about) = line.split_once(' ').unwrap();
        assert_eq!((name, about.trim()), (recipe.name, recipe.about()));
        assert_eq!(object["name"], recipe.name);
        assert_eq!(object["about"], recipe.about());

        let text = wgprune(folder.path(), &format!("recipes {name}")).stdout;
        assert_eq!(text, recipe.text);
        let with_json = wgprune(folder.path(), &format!("recipes {name} --json")).json();
        assert_eq!(with_json["toml"], recipe.text);
    }
}

#[test]
fn a_name_is_a_recipe_and_a_path_is_a_file() {
    let folder = here();
    // A file with the name of a recipe, and one that no recipe has: neither name is a path.
    for name in ["pmp-mnist-98", "mine"] {
        fs::write(folder.path().join(name), "model = \"lenet-7\"\n").unwrap();
    }
    fs::write(folder.path().join("mine.toml"), "model = \"lenet-8\"\n").unwrap();
    let refused = |config: &str, part: &str| {
        let args = format!("train --config {config} --data mnist-mini");
        assert_command_refused(folder.path(), &args, 2, &[part]);
    };
    refused("./pmp-mnist-98", "lenet-7");
    refused("./mine", "lenet-7");
    refused("mine.toml", "lenet-8");
    refused("mine", "no recipe named \"mine\"");
    refused(
        "pmp-mnist-98 --set prune.end=201ep --set data.validation=0",
        "prune.end",
    );
}

#[test]
fn an_unknown_recipe_is_refused_with_the_nearest_and_all_others() {
    let folder = here();
    let names = RECIPES.each_ref().map(|recipe| recipe.name);
    let parts = [&["pmp-mnist-99", "did you mean pmp-mnist-98?"][..], &names].concat();
    for args in ["recipes pmp-mnist-99", "train --config pmp-mnist-99"] {
        assert_command_refused(folder.path(), args, 2, &parts);
    }
    // Nothing is near this, and so nothing is guessed.
    let run = wgprune(folder.path(), "recipes imagenet-in-a-day");
    assert!(!run.stderr.contains("did you mean"), "{}", run.stderr);
}

#[test]
fn a_recipe_without_its_data_says_where_to_put_it() {
    let folder = here();
    let empty = folder.path().to_str().unwrap();
    let run = wgprune_with(
        folder.path(),
        &[("WGPRUNE_DATA", empty)],
        &["train", "--config", "lenet-5-mnist"],
    );
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    for part in [
        "mnist",
        "train-images-idx3-ubyte",
        "--data-root",
        "mnist-mini",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
}
