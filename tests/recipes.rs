//! The configurations that come with the program: what they hold, how they are chosen, and what goes over them.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/cifar_files.rs"]
mod cifar_files;
#[path = "common/program.rs"]
mod program;

use program::{assert_command_refused, file, here, train, wgprune, wgprune_with};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use wgprune::config::{Config, RECIPES};
use wgprune::net::{BiasInit, Init, NormInit, model};
use wgprune::random::{Stream, words};
use wgprune::train::Schedule;

/// Training images of the data of a recipe.
fn images(config: &Config) -> u32 {
    match config.data.name.as_str() {
        "mnist" => 60_000,
        "cifar-10" => 50_000,
        // Four fifths of each class of 8,677 pictures.
        "./101_ObjectCategories" => 6_941,
        other => panic!("no recipe has {other}"),
    }
}

fn recipe(name: &str) -> (Config, Schedule) {
    let config = Config::resolve(Some(Path::new(name)), &[]).unwrap();
    let schedule = Schedule::new(&config, images(&config) - config.data.validation).unwrap();
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
        "the list is not, in the order of the alphabet, {files:?}"
    );
    for recipe in RECIPES {
        assert!(
            recipe.text.starts_with("# ") && recipe.about().len() > 20,
            "{} does not begin with a line that says what it is",
            recipe.name
        );
        let longest = recipe.text.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(120), "{} has a long line", recipe.name);
    }
}

#[rustfmt::skip]
#[test]
fn recipes_mean_the_runs_that_they_are_named_after() {
    // The network; steps of an epoch and of the run; learning rate of the first and of the last step; step after the
    // ramp, and sparsity, unless the recipe waits for a method and prunes nothing by itself.
    let wanted = [
        ("granet-cifar", "vgg-19", 351, 56_160, 0.1, 1e-3, Some((28_080, 0.9))),
        ("grasp-cifar", "vgg-19", 390, 62_400, 0.1, 1e-3, None),
        ("lenet-5-mnist", "lenet-5", 468, 9_360, 0.05, 0.0, Some((3_744, 0.9))),
        ("lth-mnist", "lenet-300-100", 916, 50_000, 1.2e-3, 1.2e-3, None),
        ("lth-mnist-sgd", "lenet-300-100", 937, 50_000, 0.1, 0.1, None),
        ("one-cycle-caltech-101", "resnet-18-imagenet", 216, 5_400, 4e-5, 1e-8, None),
        ("openlth-cifar", "resnet-20", 390, 62_400, 0.1, 1e-3, None),
        ("openlth-mnist", "lenet-300-100", 468, 18_720, 0.1, 0.1, None),
        ("pmp-cifar", "resnet-18", 347, 69_400, 0.1, 0.0, Some((69_400, 0.729))),
        ("pmp-cifar-vgg-19", "vgg-19-pmp", 390, 156_000, 0.1, 0.099_901_5, Some((117_000, 0.98))),
        ("pmp-cifar-vgg-like", "vgg-like-pmp", 347, 121_450, 0.1, 0.0, Some((52_050, 0.97))),
        ("pmp-mnist-78.9", "lenet-300-100", 417, 66_720, 0.1, 0.0, Some((25_020, 0.789))),
        ("pmp-mnist-98", "lenet-300-100", 417, 83_400, 0.05, 0.0, Some((33_360, 0.98))),
        ("snip-cifar", "vgg-like", 351, 150_000, 0.1, 1.6e-4, Some((150_000, 0.97))),
        ("snip-mnist", "lenet-5", 540, 125_000, 0.1, 1e-5, Some((125_000, 0.98))),
        ("standard-cifar", "resnet-18", 390, 78_000, 0.1, 0.0, Some((58_500, 0.9))),
    ];
    assert!(RECIPES.iter().map(|recipe| recipe.name).eq(wanted.map(|row| row.0)));
    for (name, network, epoch, steps, first, last, pruned) in wanted {
        let (config, schedule) = recipe(name);
        assert_eq!((schedule.epoch, schedule.steps), (epoch, steps), "{name}");
        // As a share of the largest: a cosine ends near 0, not at it.
        let is_near = |step, rate: f64| {
            (schedule.learning_rate.at(step) - rate).abs() <= 1e-4 * config.learning_rate.initial
        };
        assert!(is_near(0, first), "{name}: {}", schedule.learning_rate.at(0));
        assert!(is_near(steps - 1, last), "{name}: {}", schedule.learning_rate.at(steps - 1));
        assert_eq!(config.model, network, "{name}");
        config.net(model(network).unwrap().input, 10).unwrap();
        let ramp = schedule.ramp.map(|ramp| (ramp.end, ramp.target));
        assert_eq!(ramp, pruned, "{name}");
        let last_update = (0..steps)
            .rev()
            .find_map(|step| schedule.ramp.and_then(|ramp| ramp.due(step)));
        let sparsity = pruned.map(|(_, sparsity)| sparsity);
        assert_eq!(last_update, sparsity, "{name} misses its target");
    }
}

#[test]
fn learning_rates_turn_where_their_sources_say() {
    // Rates of the first steps of some epochs.
    let by_epoch: [(&str, &[(u32, f64)]); 6] = [
        ("openlth-cifar", &[(79, 0.1), (80, 0.01), (120, 1e-3)]),
        ("grasp-cifar", &[(79, 0.1), (80, 0.01), (120, 1e-3)]),
        ("granet-cifar", &[(79, 0.1), (80, 0.01), (120, 1e-3)]),
        (
            "pmp-cifar",
            &[(50, 0.085_355_3), (100, 0.05), (199, 6.17e-6)],
        ),
        (
            "pmp-cifar-vgg-19",
            &[(50, 1e-4), (75, 0.050_05), (100, 0.1)],
        ),
        ("standard-cifar", &[(50, 0.085_355_3), (100, 0.05)]),
    ];
    for (name, rates) in by_epoch {
        let (_, schedule) = recipe(name);
        for &(epoch, wanted) in rates {
            let rate = schedule.learning_rate.at(epoch * schedule.epoch);
            assert!((rate - wanted).abs() < 1e-7, "{name}, {epoch}: {rate}");
        }
    }
    let (_, snip) = recipe("snip-cifar");
    for (step, wanted) in [(29_999, 0.1), (30_000, 0.02), (120_000, 1.6e-4)] {
        let rate = snip.learning_rate.at(step);
        assert!((rate - wanted).abs() < 1e-12, "{step}: {rate}");
    }
    // A quarter of 5,400 steps, less the one that is at the top itself.
    let (_, cycle) = recipe("one-cycle-caltech-101");
    let at = |step| {
        (
            cycle.learning_rate.at(step),
            cycle.learning_rate.momentum_at(step),
        )
    };
    assert_eq!(at(1349), (1e-3, Some(0.85)));
    assert_eq!((at(0).1, at(5399).1), (Some(0.95), Some(0.95)));
    assert!(at(1348).0 < 1e-3 && at(1350).0 < 1e-3);
}

#[test]
fn networks_start_as_their_sources_have_them() {
    let start = |name| recipe(name).0.init;
    let open_lth = start("openlth-cifar");
    assert_eq!(
        [open_lth.conv, open_lth.linear],
        [Init::KaimingNormalFanIn; 2]
    );
    assert_eq!(
        (open_lth.bias, open_lth.batch_norm),
        (BiasInit::Uniform, NormInit::Uniform)
    );
    let small_linear = [Init::KaimingNormalFanOut, Init::SmallNormal];
    for (name, weights) in [
        ("grasp-cifar", small_linear),
        ("granet-cifar", small_linear),
        ("pmp-cifar-vgg-19", small_linear),
        ("snip-cifar", [Init::VarianceScaling; 2]),
        ("snip-mnist", [Init::VarianceScaling; 2]),
        ("pmp-cifar", [Init::KaimingNormalFanOut; 2]),
        ("pmp-cifar-vgg-like", [Init::KaimingNormalFanOut; 2]),
    ] {
        let init = start(name);
        assert_eq!([init.conv, init.linear], weights, "{name}");
    }
}

/// A folder with random pictures as CIFAR-10 has them, and a network for them that is compiled in no time.
fn small_cifar(folder: &Path) {
    let record = |i: u32| {
        let [label, r, g, b] = words(1, Stream::Init, 0, i).map(|word| (word >> 24) as u8);
        cifar_files::record(&[label % 10], [r, g, b])
    };
    let names = ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin"];
    let names = names
        .into_iter()
        .chain(["data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"]);
    let files = names.zip(0..).map(|(name, k)| {
        let records = (60 * k..60 * (k + 1)).flat_map(record);
        (name, records.collect())
    });
    cifar_files::write(&folder.join("cifar"), &files.collect::<Vec<_>>());
    let layers = [
        "kind = 'flatten'",
        "kind = 'linear'\noutputs = 8\nbias = false",
        "kind = 'batch-norm'",
        "kind = 'relu'",
        "kind = 'dropout'\nrate = 0.3",
        "kind = 'linear'\noutputs = 'classes'",
    ];
    let text: String = layers
        .iter()
        .map(|layer| format!("[[layer]]\n{layer}\n"))
        .collect();
    fs::write(folder.join("small.toml"), text).unwrap();
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
    let pictures = here();
    small_cifar(pictures.path());
    for recipe in RECIPES {
        // Two steps, on the digits that are at hand or on pictures made up, with the ramp in them.
        let (config, _) = self::recipe(recipe.name);
        let set = if config.data.name == "mnist" {
            "--data mnist-mini".to_owned()
        } else {
            let [cifar, network] = ["cifar", "small.toml"].map(|name| pictures.path().join(name));
            format!("--data {} --model {}", cifar.display(), network.display())
        };
        let (_folder, json) = &train(&format!(
            "--config {} {set} --steps 2 --set data.validation=50 --set prune.start=0it \
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
    let names: Vec<&str> = RECIPES.iter().map(|recipe| recipe.name).collect();
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
