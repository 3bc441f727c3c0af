//! Learned pruning at initialisation: a regressor is made, kept in a file, and ranks the weights of another network.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a failed test should panic, and its numbers are small"
)]

#[path = "common/program.rs"]
mod program;

use program::{assert_command_refused, assert_refused, file, here, json_in, short_run, wgprune};
use safetensors::{Dtype, SafeTensors, serialize, tensor::TensorView};
use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use wgprune::autos::{Decrease, Regressor, Survey, SurveyRound, axis, survey};
use wgprune::config::{Config, Scope};
use wgprune::data;
use wgprune::gpu::{Gpu, Options};
use wgprune::net::{NODES, open};
use wgprune::reference::interpolate::interpolate;
use wgprune::train::{ImageSet, ParameterState, Schedule, Session, Snapshot};

const SMALL: &str = "
[[layer]]
kind = \"flatten\"
[[layer]]
kind = \"linear\"
outputs = 4
[[layer]]
kind = \"relu\"
[[layer]]
kind = \"linear\"
outputs = \"classes\"
";

fn opened(edits: &[(&str, toml::Value)], model: &str) -> (Arc<Gpu>, Session, Config) {
    let dataset = data::open("mnist-mini", None).unwrap();
    let edits = edits
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()));
    let method = ("prune.method".to_owned(), "autos".into());
    let edits: Vec<_> = [method].into_iter().chain(edits).collect();
    let config = Config::resolve(None, &edits).unwrap();
    let net = open(model, dataset.input(), dataset.classes).unwrap();
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    let mut session = Session::open(&gpu, &net, &dataset, &config).unwrap();
    session.initialise(&config).unwrap();
    session.shuffle(0);
    (gpu, session, config)
}

/// The values of all prunable weights, in file order.
fn prunable(session: &Session) -> Vec<f32> {
    let weights = session.weights().unwrap().into_iter();
    let weights = weights.filter(|(parameter, _)| parameter.is_prunable());
    weights.flat_map(|(_, values)| values).collect()
}

#[test]
fn a_regressor_is_made_from_one_network_and_prunes_another() {
    let folder = here();
    let here = folder.path();
    fs::write(here.join("small.toml"), SMALL).unwrap();
    let make =
        "autos --model ./small.toml --rounds 3 --density 0.1 --steps 3 --out own.safetensors";
    let made = wgprune(here, &format!("{make} --json")).json();
    assert_eq!(made["about"]["rounds"], 3);
    assert_eq!(made["about"]["weights"], 784 * 4 + 4 * 10);
    assert_eq!(made["about"]["model"], "small");
    // Nothing is written over.
    assert_command_refused(here, make, 8, &["own.safetensors", "it exists already"]);

    let train = "train --method autos --sparsity 0.95 --steps 2 --batch 32 --json";
    let run = wgprune(
        here,
        &format!("{train} --autos-model own.safetensors --out run"),
    );
    let summary = run.json();
    assert_eq!(summary["kept_weights"], 21_525);
    assert_eq!(summary["autos_model"]["sha256"], made["sha256"]);
    let noted = json_in(&here.join("run"), "run.json");
    assert_eq!(noted["summary"]["autos_model"]["sha256"], made["sha256"]);
    assert!(run.stderr.contains("3 rounds of small"), "{}", run.stderr);

    // The file of the configuration is the one that it was made with.
    let again = "train --config run/config.toml --out again";
    fs::write(here.join("own.safetensors"), "another one").unwrap();
    assert_refused(
        &wgprune(here, again),
        4,
        &["own.safetensors", "no safetensors"],
    );
    let other = here.join("run/final.safetensors");
    let other = format!("{again} --set prune.autos_model={}", other.display());
    assert_refused(&wgprune(here, &other), 4, &["no wgprune-autos"]);
}

#[test]
fn files_of_another_kind_are_refused_by_what_is_wrong_with_them() {
    let folder = here();
    let here = folder.path();
    let refused = |file: &str, parts: &[&str]| {
        let args = format!("train --method autos --steps 1 --autos-model {file}");
        let parts = [parts, &[file, "`wgprune autos --out FILE`"]].concat();
        assert_command_refused(here, &args, 4, &parts);
    };
    refused("missing", &["cannot read the regressor"]);
    fs::write(here.join("text"), "some words").unwrap();
    refused("text", &["it is no safetensors file"]);
    fs::copy(file(short_run(), "final.safetensors"), here.join("weights")).unwrap();
    refused("weights", &["its metadata has no wgprune-autos"]);

    let about = |version: u32| {
        let text = format!(
            "{{\"version\":{version},\"model\":\"m\",\"data\":\"d\",\"rounds\":1,\"density\":0.1,\"length\":\"1ep\",\
             \"batch\":1,\"seed\":0,\"weights\":1,\"held_out_error\":0.1}}"
        );
        HashMap::from([("wgprune-autos".to_owned(), text)])
    };
    let bytes = [0; 24];
    let tensor = || TensorView::new(Dtype::F32, vec![2, 3], &bytes).unwrap();
    for (name, version) in [("later", 2), ("shapes", 1)] {
        let file = serialize([("fc1.weight", tensor())], Some(about(version))).unwrap();
        fs::write(here.join(name), file).unwrap();
    }
    refused("later", &["it is of version 2"]);
    refused(
        "shapes",
        &[
            "fc1.weight is F32 [2, 3], not F32 [16, 2]",
            "out.bias is missing",
        ],
    );
    let nothing = "autos --density 1 --out file";
    assert_command_refused(here, nothing, 2, &["a density of 1", "--density above 0"]);
    assert_command_refused(here, "autos --out no/file", 8, &["there is no folder no"]);
}

/// Each round trains what it left from where all began, by hand here; and a weight's target is the rounds that it survived.
#[test]
fn a_survey_notes_how_long_weights_survive() {
    let edits = [("train.length", "3it".into()), ("train.batch", 64.into())];
    let (gpu, mut session, config) = opened(&edits, "lenet-300-100");
    let dataset = data::open("mnist-mini", None).unwrap();
    let net = open("lenet-300-100", dataset.input(), dataset.classes).unwrap();
    let own = Survey {
        rounds: 3,
        density: 0.1,
        decrease: Decrease::Share,
    };
    let mut told = Vec::new();
    let samples = survey(&gpu, &net, &dataset, &config, &own, &mut |round| {
        told.push(*round);
    });
    let samples = samples.unwrap();
    let start = prunable(&session);
    assert!(
        samples
            .inputs
            .iter()
            .map(|input| input[0])
            .eq(start.iter().copied())
    );
    for (round, at_least) in (1..).zip([1.0 / 3.0, 2.0 / 3.0, 1.0]) {
        let survivors = samples
            .targets
            .iter()
            .filter(|&&target| f64::from(target) > at_least - 0.01);
        let SurveyRound { kept, .. } = told[round - 1];
        assert_eq!(survivors.count(), kept as usize, "{round}");
    }
    assert_eq!(told[2].kept, 26_620);
    // Before any training, magnitudes are all that is known.
    let of = |gone: bool| {
        let rows = start.iter().zip(&samples.targets);
        rows.filter(move |row| (*row.1 == 0.0) == gone)
            .map(|row| row.0.abs())
    };
    assert!(of(true).fold(0.0, f32::max) <= of(false).fold(f32::MAX, f32::min));

    let schedule = Schedule::new(&config, session.train_images()).unwrap();
    let by_magnitude = Config::resolve(None, &[("train.batch".to_owned(), 64.into())]).unwrap();
    let first = session.snapshot().unwrap();
    session = Session::open(&gpu, &net, &dataset, &by_magnitude).unwrap();
    session
        .restore(&first[..].iter().map(at_rest).collect())
        .unwrap();
    for round in 1..=2 {
        let wanted = session.wanted(Scope::Global, 1.0 - own.density_after(round));
        session.prune(0, &wanted).unwrap();
        let mut snapshot: Snapshot = session.snapshot().unwrap().iter().map(at_rest).collect();
        for (own, first) in snapshot.iter_mut().zip(&first) {
            if own.parameter.is_prunable() {
                let back = first.weights.iter().zip(&own.mask);
                own.weights = back.map(|(&w, &bit)| w * f32::from(bit)).collect();
            }
        }
        session.restore(&snapshot).unwrap();
        session.shuffle(0);
        for step in 0..3 {
            session
                .step(step, schedule.rate(step), &config.optimiser)
                .unwrap();
        }
        session.read().unwrap();
        let score = session.evaluate(ImageSet::Test).unwrap();
        assert_eq!(Some(score), told[round as usize - 1].test, "{round}");
    }
}

fn at_rest(state: &ParameterState) -> ParameterState {
    let zeros = state.state.iter().map(|moment| vec![0.0; moment.len()]);
    ParameterState {
        state: zeros.collect(),
        ..state.clone()
    }
}

/// Without momentum, a step leaves the gradient of its batch as the velocity.
#[test]
fn gradients_are_summed_over_all_batches() {
    let edits = [
        ("data.validation", (6_000 - 3 * 32).into()),
        ("train.batch", 32.into()),
        ("optimiser.momentum", 0.0.into()),
        ("optimiser.weight_decay", 0.0.into()),
    ];
    let (_, mut session, config) = opened(&edits, "lenet-300-100");
    let start = session.snapshot().unwrap();
    let sums = session.gradient_sums().unwrap();
    let mut wanted: Vec<Vec<f64>> = sums.iter().map(|sums| vec![0.0; sums.len()]).collect();
    for step in 0..3 {
        session.restore(&start).unwrap();
        session.shuffle(0);
        session.step(step, 0.01, &config.optimiser).unwrap();
        session.read().unwrap();
        let after = session.snapshot().unwrap();
        let gradients = after.iter().filter(|state| state.parameter.is_prunable());
        for (sums, gradients) in wanted.iter_mut().zip(gradients) {
            for (sum, &gradient) in sums.iter_mut().zip(&gradients.state[0]) {
                *sum += f64::from(gradient);
            }
        }
    }
    let mut largest: f64 = 0.0;
    for (&own, wanted) in sums.iter().flatten().zip(wanted.iter().flatten()) {
        assert!((f64::from(own) - wanted).abs() < 1e-5, "{own} for {wanted}");
        largest = largest.max(wanted.abs());
    }
    assert!(largest > 0.01, "{largest}");
}

/// What the weights of LeNet-5 are ranked by lies between the points of a grid, and is close to what the regressor says of
/// each of them.
#[test]
fn the_grid_ranks_weights_as_the_regressor_does() {
    let (gpu, mut session, config) = opened(&[], "lenet-5");
    let weights = prunable(&session);
    let sums = session.gradient_sums().unwrap().concat();
    let keep = session.wanted(Scope::Global, 0.95);
    session.prune(0, &keep).unwrap();
    assert_eq!(session.kept().unwrap().iter().sum::<u32>(), keep[0]);
    let kept: Vec<bool> = prunable(&session).iter().map(|&w| w != 0.0).collect();

    let regressor = Regressor::of(&config.prune).unwrap();
    let axes = [&weights, &sums].map(|all| axis(all.iter().copied(), NODES as usize));
    let grid: Vec<[f32; 2]> = (axes[0].iter())
        .flat_map(|&w| axes[1].iter().map(move |&g| [w, g]))
        .collect();
    let mut table = regressor.ask(&gpu, gpu.tuning, &grid).unwrap();
    let least = table.iter().copied().fold(f32::INFINITY, f32::min);
    table.iter_mut().for_each(|score| *score -= least);
    let scores = interpolate([&weights, &sums], [&axes[0], &axes[1]], &table);
    let scores: Vec<f64> = scores.iter().map(|score| score.value).collect();

    // The device keeps the highest of them, but for a few that rounding swaps.
    let mut falling = scores.clone();
    falling.sort_by(|a, b| b.total_cmp(a));
    let threshold = falling[keep[0] as usize];
    let alike = scores
        .iter()
        .zip(&kept)
        .filter(|(score, kept)| (**score > threshold) == **kept);
    let others = scores.len() - alike.count();
    assert!(
        others < 40,
        "{others} weights are not those of the highest scores"
    );

    // Asked about each of a sample, the regressor says nearly the same, and the same weights are kept.
    let every = 43;
    let rows: Vec<[f32; 2]> = (weights.iter().zip(&sums).step_by(every))
        .map(|(&w, &g)| [w, g])
        .collect();
    let direct: Vec<f64> = (regressor.ask(&gpu, gpu.tuning, &rows).unwrap().iter())
        .map(|&score| f64::from(score - least))
        .collect();
    let between: Vec<f64> = scores.iter().copied().step_by(every).collect();
    let count = direct.len() as f64;
    let mean = direct.iter().sum::<f64>() / count;
    let spread = direct
        .iter()
        .map(|score| (score - mean).powi(2))
        .sum::<f64>()
        / count;
    let pairs = || direct.iter().zip(&between);
    let error = pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>() / count;
    let top = |scores: &[f64]| {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let mut top = vec![false; scores.len()];
        order[..scores.len() / 20]
            .iter()
            .for_each(|&i| top[i] = true);
        top
    };
    let both = top(&direct)
        .iter()
        .zip(top(&between))
        .filter(|(a, b)| **a && *b)
        .count();
    let share = both as f64 / (direct.len() / 20) as f64;
    let error = (error / spread).sqrt();
    eprintln!(
        "{error:.5} of the spread, {:.2} % of what is kept alike",
        100.0 * share
    );
    assert!(error < 0.01, "{error}");
    assert!(share > 0.98, "{share}");
}

/// assets/golden/autos.py asks PyTorch, of the file that comes with the program.
#[test]
fn the_regressor_that_comes_with_the_program_says_what_pytorch_says() {
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    let regressor = Regressor::read("").unwrap();
    assert_eq!(
        (regressor.about.rounds, &regressor.about.model[..]),
        (20, "lenet-300-100")
    );
    let (rows, theirs): (Vec<[f32; 2]>, Vec<f32>) = GOLDEN.iter().copied().unzip();
    let ours = regressor.ask(&gpu, gpu.tuning, &rows).unwrap();
    for ((row, ours), theirs) in rows.iter().zip(ours).zip(theirs) {
        assert!((ours - theirs).abs() < 1e-4, "{row:?}: {ours} for {theirs}");
    }
    let bytes = fs::read("assets/autos/lenet-300-100-mnist.safetensors").unwrap();
    assert_eq!(
        SafeTensors::deserialize(&bytes).unwrap().len(),
        5 + 5 * 4 + 2
    );
}

const GOLDEN: [([f32; 2], f32); 6] = [
    ([0.0, 0.0], 0.0789038),
    ([0.03, -0.5], 0.721537),
    ([-0.03, 0.5], 0.734335),
    ([0.1, 40.0], 3.34337),
    ([-0.05, -7.5], 1.02171),
    ([0.002, 1.25], 0.277388),
];
