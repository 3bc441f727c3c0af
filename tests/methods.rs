//! Pruning methods: the presets, how they lie under a configuration, and what the program says of them.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;

use program::{assert_command_refused, here, wgprune};
use toml::Value;
use wgprune::config::{Config, METHOD_KEYS, METHODS, Method, Scope, SparseStart};
use wgprune::ops::{Criterion, Growth};
use wgprune::train::{Curve, Length, Schedule};

fn resolve(file: Option<&str>, edits: &[(&str, Value)]) -> Config {
    let edits: Vec<(String, Value)> = (edits.iter())
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    let written = file.map(|text| {
        let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    });
    Config::resolve(written.as_ref().map(|file| file.path()), &edits).unwrap()
}

#[test]
fn every_method_says_what_it_is_and_means_a_configuration() {
    for method in METHODS {
        let file = method.file();
        assert!(file.title.len() > 15 && !file.cost.is_empty());
        assert!(!file.prune.contains_key("method") && !file.prune.contains_key("sparsity"));
        let config = resolve(None, &[("prune.method", method.name.into())]);
        for key in file.prune.keys() {
            assert!(
                METHOD_KEYS.contains(&key.as_str()),
                "{}: {key}",
                method.name
            );
        }
        Schedule::new(&config, 6_000).unwrap();
    }
}

/// The windows of most of them are those that Hubens et al. 2021 compare.
#[rustfmt::skip]
#[test]
fn the_presets_are_as_they_were_chosen() {
    use Criterion::{Grasp, Learned, Magnitude, Random, Snip, Synflow};
    use Scope::{Erk, Global, Layer, Smart};
    let cycle = Curve::OneCycle { alpha: 14.0, beta: 5.0 };
    let at = Length::Percent;
    let wanted = [
        ("agp", Curve::Cubic, Magnitude, Layer, at(20.0), at(75.0)),
        ("autos", Curve::OneShot, Learned, Global, Length::Steps(0), at(100.0)),
        ("dense", Curve::None, Magnitude, Global, Length::Steps(0), at(75.0)),
        ("granet", Curve::Cubic, Magnitude, Global, Length::Steps(0), at(50.0)),
        ("granet-s2s", Curve::Cubic, Magnitude, Global, Length::Steps(0), at(50.0)),
        ("grasp", Curve::OneShot, Grasp, Global, Length::Steps(0), at(100.0)),
        ("iterative", Curve::Iterative(3), Magnitude, Global, at(20.0), at(75.0)),
        ("lth", Curve::Constant, Magnitude, Global, Length::Steps(0), at(75.0)),
        ("magnitude-init", Curve::OneShot, Magnitude, Global, Length::Steps(0), at(100.0)),
        ("one-cycle", cycle, Magnitude, Layer, Length::Steps(0), at(100.0)),
        ("one-shot", Curve::OneShot, Magnitude, Global, at(50.0), at(100.0)),
        ("progressive", Curve::Linear, Magnitude, Global, Length::Steps(0), at(75.0)),
        ("random", Curve::OneShot, Random, Layer, Length::Steps(0), at(100.0)),
        ("random-erk", Curve::OneShot, Random, Erk, Length::Steps(0), at(100.0)),
        ("rigl", Curve::Constant, Magnitude, Global, Length::Steps(0), at(75.0)),
        ("set", Curve::Constant, Magnitude, Global, Length::Steps(0), at(75.0)),
        ("small-dense", Curve::None, Magnitude, Global, Length::Steps(0), at(75.0)),
        ("smart-ratio", Curve::OneShot, Random, Smart, Length::Steps(0), at(100.0)),
        ("snip", Curve::OneShot, Snip, Global, Length::Steps(0), at(100.0)),
        ("synflow", Curve::OneShot, Synflow, Global, Length::Steps(0), at(100.0)),
    ];
    assert!(METHODS.iter().map(|method| method.name).eq(wanted.map(|row| row.0)));
    for (name, schedule, criterion, scope, start, end) in wanted {
        let prune = resolve(None, &[("prune.method", name.into())]).prune;
        let are = (prune.schedule, prune.criterion, prune.scope, prune.start, prune.end);
        assert_eq!(are, (schedule, criterion, scope, start, end), "{name}");
        let dense: &[&str] = if name == "one-cycle" { &["linear"] } else { &[] };
        assert_eq!(prune.exclude, dense, "{name}");
        let growth = match name {
            "granet" => (SparseStart::None, Growth::Gradient, 0.5, 0.005, at(100.0)),
            "granet-s2s" => (SparseStart::Erk, Growth::Gradient, 0.5, 0.005, at(100.0)),
            "rigl" => (SparseStart::Erk, Growth::Gradient, 0.3, 0.0, at(75.0)),
            "set" => (SparseStart::Erk, Growth::Random, 0.3, 0.0, at(75.0)),
            _ => (SparseStart::None, Growth::None, 0.3, 0.0, at(75.0)),
        };
        let is = (prune.sparse_start, prune.regrow, prune.regrow_share, prune.regrow_least, prune.regrow_end);
        assert_eq!(is, growth, "{name}");
        let rounds = if name == "lth" { ("0it", 0.2) } else { ("never", 0.2) };
        assert_eq!((prune.rewind.as_str(), prune.round_share), rounds, "{name}");
        assert_eq!(prune.narrow, name == "small-dense", "{name}");
        assert_eq!(prune.iterations, if name == "synflow" { 100 } else { 1 }, "{name}");
    }
}

#[test]
fn the_default_method_means_the_default_keys() {
    assert_eq!(
        resolve(None, &[("prune.method", "progressive".into())]),
        Config::default()
    );
}

#[test]
fn the_keys_of_a_method_lie_just_below_what_names_it() {
    let file = "[prune]\nmethod = \"agp\"\nscope = \"global\"\nevery = \"7it\"\n";
    let beside = resolve(Some(file), &[]).prune;
    assert_eq!(
        (beside.schedule, beside.scope),
        (Curve::Cubic, Scope::Global)
    );
    assert_eq!(beside.start, Length::Percent(20.0));

    // A flag takes another method, and with it all of its keys; flags that set keys count whichever comes first.
    let flags = [
        ("prune.start", "1it".into()),
        ("prune.method", "one-cycle".into()),
    ];
    let over = resolve(Some(file), &flags).prune;
    assert_eq!(
        (over.method.as_str(), over.scope),
        ("one-cycle", Scope::Layer)
    );
    assert_eq!(
        (over.start, over.end),
        (Length::Steps(1), Length::Percent(100.0))
    );
    assert_eq!(over.every, "7it", "no method says how often");

    // The same method again says nothing new, and a section as a whole is the keys in it.
    let same = resolve(Some(file), &[("prune.method", "agp".into())]).prune;
    assert_eq!(same, beside);
    let section: toml::Table = "method = \"one-cycle\"".parse().unwrap();
    let whole = resolve(None, &[("prune", section.into())]).prune;
    assert_eq!(
        whole.schedule,
        Curve::OneCycle {
            alpha: 14.0,
            beta: 5.0
        }
    );

    // Runs of earlier versions have no schedule in their configuration.
    let dense = resolve(Some("[prune]\nmethod = \"dense\"\nend = \"75%\"\n"), &[]);
    assert_eq!(dense.prune.schedule, Curve::None);
    assert_eq!(Schedule::new(&dense, 6_000).unwrap().ramp, None);
}

#[test]
fn methods_are_listed_a_line_each_and_printed_whole() {
    let folder = here();
    let here = folder.path();
    let lines = wgprune(here, "methods").stdout;
    assert_eq!(lines.lines().count(), METHODS.len());
    for (line, method) in lines.lines().zip(METHODS) {
        let file = method.file();
        assert!(
            line.starts_with(method.name) && line.contains(&file.paper.unwrap_or_default()),
            "{line}"
        );
        assert!(
            line.ends_with(&format!("extra training: {}", file.cost)),
            "{line}"
        );
    }
    let json: serde_json::Value =
        serde_json::from_str(&wgprune(here, "methods --json").stdout).unwrap();
    assert_eq!(json[0]["name"], "agp");
    assert_eq!(
        wgprune(here, "methods agp").stdout,
        Method::find("agp").unwrap().text
    );
}

#[test]
fn a_wrong_method_or_schedule_is_refused_by_name() {
    let folder = here();
    let here = folder.path();
    for args in [
        "methods agb",
        "train --method agb",
        "train --set prune.method=agb",
    ] {
        assert_command_refused(
            here,
            args,
            2,
            &["there is no pruning method \"agb\"", "did you mean agp?"],
        );
    }
    let schedule = "train --set prune.schedule=cubik";
    assert_command_refused(
        here,
        schedule,
        2,
        &["prune.schedule", "did you mean cubic?"],
    );
    let exclude = "train --set prune.exclude=[\"conv1\",\"fk1\"]";
    let parts = ["prune.exclude has \"fk1\"", "did you mean fc1?"];
    assert_command_refused(here, exclude, 2, &parts);
    let all = "train --model lenet-300-100 --method one-cycle";
    assert_command_refused(
        here,
        all,
        2,
        &["leaves no layer of lenet-300-100", "prune.exclude=[]"],
    );
    let window = "train --set prune.start=80%";
    assert_command_refused(here, window, 2, &["prune.start must be before prune.end"]);
}

#[test]
fn a_layer_without_weights_is_told_or_ends_the_run() {
    let folder = here();
    let here = folder.path();
    let args = "train --model lenet-300-100 --method magnitude-init --sparsity 0.9999 --steps 1 --batch 32";
    let run = |policy: &str| {
        wgprune(
            here,
            &format!("{args} --set prune.collapse={policy} --out {policy}"),
        )
    };
    let kept = run("keep-one");
    assert_eq!(kept.code, Some(0), "{}", kept.stderr);
    assert!(
        kept.stderr
            .contains("fc1.weight is down to its last weight"),
        "{}",
        kept.stderr
    );
    let lost = run("allow");
    assert_eq!(lost.code, Some(0), "{}", lost.stderr);
    assert!(
        lost.stderr
            .contains("layer collapse: fc1.weight has no weight left"),
        "{}",
        lost.stderr
    );
    let ended = run("error");
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("error: layer collapse: fc1.weight"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("prune.collapse=keep-one"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_narrow_network_is_held_against_the_whole_one() {
    let folder = here();
    let here = folder.path();
    let narrow = "--set prune.method=small-dense --set prune.sparsity=0.95";
    let args = format!("train --model lenet-300-100 {narrow} --steps 4 --batch 32 --out narrow");
    let trained = wgprune(here, &format!("{args} --json")).json();
    assert_eq!(trained["narrowed_from"]["parameters"], 266_610);
    let own = trained["parameters"].as_f64().unwrap();
    assert!((12_000.0..13_720.0).contains(&own), "{own}");
    let row = &wgprune(here, "compare narrow --json").json()[0];
    assert_eq!(row["compression"], 266_610.0 / own);
    assert!(row["training_cost"].as_f64().unwrap() < 0.06, "{row}");
    let eval = "eval narrow/final.safetensors --model lenet-300-100";
    let again = wgprune(here, &format!("{eval} {narrow} --json")).json();
    assert_eq!(again["accuracy"], trained["test_accuracy"]);
    assert_command_refused(here, eval, 4, &["[300, 784]", "prune.method=small-dense"]);

    // Beside a method that prunes biases, too, 13,331 of all parameters are its budget.
    let args = format!(
        "train --model lenet-300-100 {narrow} --steps 1 --batch 32 --set prune.biases=true"
    );
    let rival = wgprune(here, &format!("{args} --json")).json();
    let rival = rival["parameters"].as_f64().unwrap();
    assert!((12_000.0..=13_331.0).contains(&rival), "{rival}");
}
