//! Masks with a structure: patterns of N of M along the inputs that files have, and filters as wholes.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;
#[path = "common/small_net.rs"]
mod small_net;
#[path = "common/stops.rs"]
mod stops;

use program::{assert_command_refused, assert_same_outcome, here, json_in, train};
use safetensors::SafeTensors;
use stops::Bench;
use toml::Value;
use wgprune::config::{Config, Scope};
use wgprune::net::Parameter;
use wgprune::train::{Length, Session, kept_at};

#[test]
fn a_pattern_says_how_sparse_unless_somebody_else_does() {
    let with = |edits: &[(&str, Value)]| {
        let edits: Vec<_> = (edits.iter())
            .map(|(key, value)| (format!("prune.{key}"), value.clone()))
            .collect();
        Config::resolve(None, &edits).map(|config| config.prune)
    };
    for (pattern, sparsity) in [("2:4", 0.5), ("1:3", 2.0 / 3.0), ("1:4", 0.75)] {
        let prune = with(&[("structure", pattern.into())]).unwrap();
        assert!((prune.sparsity - sparsity).abs() < 1e-15, "{pattern}");
    }
    let both = |sparsity: f64| with(&[("structure", "2:4".into()), ("sparsity", sparsity.into())]);
    assert!(both(0.5).is_ok());
    let error = both(0.9).expect_err("another share");
    assert!(
        error.what.contains("2:4 removes 0.5") && error.help.ends_with("set it to 0.5"),
        "{error}"
    );
    let filters = with(&[("structure", "filter".into())]).unwrap();
    assert_eq!(filters.sparsity.to_string(), "0.9");
    let scope = [("structure", "2:4".into()), ("scope", "erk".into())];
    let error = with(&scope).expect_err("other numbers");
    assert!(error.what.contains("prune.scope is \"erk\""), "{error}");
    // A baseline removes nothing, whatever its masks would be like.
    let dense = [
        ("method", "dense".into()),
        ("structure", "2:4".into()),
        ("sparsity", 0.9.into()),
    ];
    assert!(with(&dense).is_ok());
}

/// A small network whose linear layer reads the rows of an image of odd width, with 36 channels times pixels; and masks of
/// this structure.
fn config(structure: &str, sparsity: f64, scope: Scope) -> Config {
    let layers = [
        "kind = 'conv2d'\nname = 'conv1'\noutputs = 4\nkernel = 5\nstride = 3",
        "kind = 'relu'",
        "kind = 'conv2d'\nname = 'conv2'\noutputs = 4\nkernel = 3\nstride = 2",
        "kind = 'relu'",
        "kind = 'flatten'",
        "kind = 'linear'\nname = 'fc1'\noutputs = 7",
        "kind = 'linear'\nname = 'fc2'\noutputs = 'classes'",
    ];
    let mut config = small_net::config(layers);
    config.train.length = Length::Steps(13);
    config.prune.structure = structure.parse().unwrap();
    config.prune.sparsity = sparsity;
    config.prune.scope = scope;
    config.prune.every = "2it".into();
    if structure.contains(':') {
        config.prune.exclude = vec!["conv1".into(), "fc2".into()];
    }
    config
}

type Weights = Vec<(Parameter, Vec<f32>)>;

/// Weights proper that pruning may remove, in the order of files.
fn prunable(session: &Session) -> Weights {
    let all = session.weights().unwrap().into_iter();
    let all = all.map(|(parameter, values)| (parameter.clone(), values.clone()));
    all.filter(|(own, _)| own.is_prunable()).collect()
}

/// The positions of neighbours along the inputs, so many at a time: those of a row, or at one place of a window.
fn neighbours(shape: &[u32], size: usize) -> Vec<Vec<usize>> {
    let [outputs, inputs] = [0, 1].map(|extent| shape[extent] as usize);
    let window = shape[2..].iter().product::<u32>() as usize;
    let mut all = Vec::new();
    for output in 0..outputs {
        for place in 0..window {
            let at = |input: usize| (output * inputs + input) * window + place;
            let places: Vec<usize> = (0..inputs).map(at).collect();
            all.extend(places.chunks(size).map(<[usize]>::to_vec));
        }
    }
    all
}

#[test]
fn patterns_are_those_of_files_and_hold_the_largest() {
    let bench = Bench::new();
    for (structure, kept, size, sparsity) in [("2:4", 2, 4, 0.5), ("1:4", 1, 4, 0.75)] {
        for scope in [Scope::Global, Scope::Layer] {
            let config = config(structure, sparsity, scope);
            let mut session = bench.session(&config);
            session.initialise(&config).unwrap();
            session.shuffle(0);
            let all: u32 = session.prunable().iter().sum();
            assert_eq!(session.prunable(), [4 * 4 * 9, 7 * 36]);
            for (step, share) in (0..).zip([0.1, 0.6 * sparsity, sparsity]) {
                let before = prunable(&session);
                let wanted = session.wanted(scope, share);
                session.prune(step, &wanted).unwrap();
                let counts = session.kept().unwrap();
                let total: u32 = match scope {
                    Scope::Layer => wanted.iter().sum(),
                    _ => kept_at(share, all),
                };
                assert_eq!(counts.iter().sum::<u32>(), total);
                for ((own, old), (_, new)) in before.iter().zip(&prunable(&session)) {
                    for places in neighbours(&own.shape, size) {
                        let left = places.iter().filter(|&&i| new[i] != 0.0).count();
                        let name = &own.name;
                        assert!(left >= kept && (share < sparsity || left == kept), "{name}");
                        // Whatever went is smaller than what stayed.
                        let magnitudes = |is_left: bool| {
                            let those = places.iter().filter(move |&&i| (new[i] != 0.0) == is_left);
                            those.map(|&i| old[i].abs())
                        };
                        let least = magnitudes(true).fold(f32::INFINITY, f32::min);
                        assert!(magnitudes(false).all(|value| value <= least), "{name}");
                    }
                }
                session.step(step, 0.01, &config.optimiser).unwrap();
            }
            let last = prunable(&session);
            let zeros = last
                .iter()
                .flat_map(|(_, values)| values)
                .filter(|&&w| w == 0.0);
            let left = all as usize - zeros.count();
            assert_eq!(left * size, all as usize * kept);
        }
    }
}

/// A filter: its layer, its mean magnitude, and whether it is left.
struct Ranked {
    layer: usize,
    norm: f64,
    is_left: bool,
}

/// The filters that were there before. Each is left as it was, or without any weight.
fn ranked(before: &Weights, after: &Weights) -> Vec<Ranked> {
    let mut all = Vec::new();
    for (layer, ((own, old), (_, new))) in before.iter().zip(after).enumerate() {
        let filter = new.len() / own.shape[0] as usize;
        for (old, new) in old.chunks(filter).zip(new.chunks(filter)) {
            let sum: f64 = old.iter().map(|&w| f64::from(w.abs())).sum();
            let is_left = old == new;
            let is_gone = new.iter().all(|&w| w == 0.0);
            assert!(is_left || is_gone, "a part of a filter of {}", own.name);
            if sum > 0.0 {
                let norm = sum / filter as f64;
                all.push(Ranked {
                    layer,
                    norm,
                    is_left,
                });
            }
        }
    }
    all
}

#[test]
fn filters_go_as_wholes_by_their_mean_magnitude_and_classes_stay() {
    let bench = Bench::new();
    for scope in [Scope::Global, Scope::Layer] {
        let config = config("filter", 0.8, scope);
        let mut session = bench.session(&config);
        session.initialise(&config).unwrap();
        session.shuffle(0);
        assert_eq!(session.excluded().collect::<Vec<_>>(), ["fc2.weight"]);
        let all: Vec<u32> = session.units(session.prunable()).collect();
        assert_eq!(all, [4, 4, 7]);
        for (step, sparsity, by_layer) in [
            (0, 0.25, [3, 3, 5]),
            (1, 0.55, [2, 2, 3]),
            (2, 0.8, [1, 1, 1]),
        ] {
            let before = prunable(&session);
            let wanted = session.wanted(scope, sparsity);
            session.prune(step, &wanted).unwrap();
            let ranked = ranked(&before, &prunable(&session));
            let left = |layer: usize| {
                let own = ranked.iter().filter(move |own| own.layer == layer);
                own.filter(|own| own.is_left).count()
            };
            let kept = [0, 1, 2].map(left);
            // At last, all together leave as many as there are layers: the best of each.
            if scope == Scope::Layer || sparsity > 0.7 {
                assert_eq!(kept, by_layer, "{scope:?} at {sparsity}");
            }
            let counts = session.kept().unwrap();
            let counts: Vec<usize> = session.units(&counts).map(|kept| kept as usize).collect();
            assert_eq!(counts, kept, "what the device counts");
            if scope == Scope::Global {
                assert_eq!(wanted, [kept_at(sparsity, 15)]);
                assert_eq!(kept.iter().sum::<usize>(), wanted[0] as usize);
            }
            for gone in ranked.iter().filter(|own| !own.is_left) {
                let lower = ranked
                    .iter()
                    .filter(|own| own.is_left && own.norm < gone.norm);
                for own in lower {
                    // The last of another layer.
                    let is_safe = own.layer != gone.layer && kept[own.layer] == 1;
                    assert!(is_safe || scope == Scope::Layer && own.layer != gone.layer);
                }
            }
            session.step(step, 0.01, &config.optimiser).unwrap();
        }
    }
}

#[test]
fn runs_with_structured_masks_go_on_where_they_were() {
    let bench = Bench::new();
    for (structure, sparsity, scope) in [("2:4", 0.5, Scope::Global), ("filter", 0.6, Scope::Layer)]
    {
        let config = config(structure, sparsity, scope);
        let folder = here();
        let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
        assert!(bench.advance(&config, &whole, u32::MAX));
        for stop in [0, 4, 7] {
            assert!(!bench.advance(&config, &parts, stop));
        }
        assert!(bench.advance(&config, &parts, u32::MAX));
        assert_same_outcome(&whole, &parts);
    }
}

#[test]
fn a_run_says_what_its_masks_are_and_its_file_has_them() {
    let (folder, summary) =
        train("--model lenet-300-100 --steps 12 --batch 32 --set prune.structure=2:4");
    assert_eq!(
        (&summary["structure"], &summary["sparsity"]),
        (&"2:4".into(), &0.5.into())
    );
    let run = folder.path().join("run");
    assert_eq!(json_in(&run, "run.json")["summary"]["structure"], "2:4");
    let log = std::fs::read_to_string(run.join("log.txt")).unwrap();
    assert!(log.contains("masks come to 2:4"), "{log}");
    let bytes = std::fs::read(run.join("final.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    for name in ["fc1.weight", "fc2.weight", "fc3.weight"] {
        let values: Vec<f32> = bytemuck::pod_collect_to_vec(file.tensor(name).unwrap().data());
        // A row is a multiple of four.
        for four in values.chunks(4) {
            assert_eq!(four.iter().filter(|&&w| w != 0.0).count(), 2, "{name}");
        }
    }
}

#[test]
fn patterns_that_do_not_fit_are_refused_with_the_layer_and_the_remedy() {
    let folder = here();
    let refused = |args: &str, parts: &[&str]| {
        assert_command_refused(folder.path(), &format!("train {args}"), 2, parts);
    };
    refused(
        "--set prune.structure=2:4",
        &[
            "4 does not divide the inputs of conv1 (1)",
            "prune.exclude=[\"conv1\"]",
        ],
    );
    refused(
        "--set prune.structure=2:4 --sparsity 0.9",
        &["prune.sparsity is 0.9", "set it to 0.5"],
    );
    // As a time, it would be one.
    refused(
        "--set prune.structure=16:10",
        &["\"16:10\" is no pattern", "N is from 1 to below M"],
    );
    refused(
        "--set prune.structure=filter --method snip",
        &["prune.criterion", "magnitude"],
    );
}
