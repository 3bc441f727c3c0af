//! What every dispatch of a training step costs: each op at the networks' real shapes, in every kernel variant that
//! the adapter can run. `cargo bench` prints the table; a word as argument selects rows, or all of the model of that name.

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use std::sync::Arc;
use wgprune::config::{Config, OptimiserKind};
use wgprune::gpu::{Gpu, Options, Tuning};
use wgprune::net::{by_name, compile, model};
use wgprune::train::{STEP, settings};

/// What is timed unless a model is asked for.
const MODELS: [&str; 2] = ["lenet-300-100", "lenet-5"];

fn main() {
    let wanted = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'))
        .unwrap_or_default();
    let (models, wanted) = match model(&wanted) {
        Ok(model) => (vec![model.name], String::new()),
        Err(_) => (MODELS.to_vec(), wanted),
    };
    let gpu = match Gpu::open(Options::default()) {
        Ok(gpu) => Arc::new(gpu),
        Err(error) => {
            eprintln!("error: {error}");
            std::process::exit(error.kind.exit_code().into());
        }
    };
    println!("{}", gpu.adapter.line());
    println!(
        "batch 128; fastest of 5 launches, each alone, so a submission's cost is in every row"
    );
    let plain = Config::default();
    let mut other = Config::default();
    other.optimiser.kind = OptimiserKind::Adam;
    other.optimiser.clip_norm = 1.0;
    (other.data.rotation, other.data.translation) = (10.0, 0.1);
    (other.data.contrast, other.data.erase) = (0.2, 0.5);
    for tuning in Tuning::supported(&gpu.adapter) {
        for model in &models {
            println!("\n{model}, {:?}", tuning.product);
            let step = time(
                &gpu,
                model,
                &plain,
                tuning,
                &[&STEP[..], &["prune"]].concat(),
                &wanted,
            );
            println!("  sum of a training step {:.1} ms", 1e3 * step);
        }
        println!(
            "\nlenet-300-100 with Adam, clipping and augmentation, {:?}",
            tuning.product
        );
        time(
            &gpu,
            "lenet-300-100",
            &other,
            tuning,
            &["gather", "update"],
            &wanted,
        );
    }
}

/// Prints a row for each dispatch of these phases, and gives the seconds of those that make a training step.
fn time(
    gpu: &Arc<Gpu>,
    name: &str,
    config: &Config,
    tuning: Tuning,
    phases: &[&str],
    wanted: &str,
) -> f64 {
    let input = model(name).expect("a model").input;
    let net = by_name(name, input, 10).expect("a network for these images");
    let plan = compile(&net, &settings(config, input.w, [1024; 2]), tuning).plan;
    let plan = plan.share_memory();
    let machine = gpu.load(&plan).expect("a plan that fits");
    let mut step = 0.0;
    for phase in plan
        .phases()
        .iter()
        .filter(|phase| phases.contains(&phase.name))
    {
        let times = machine
            .time_dispatches(phase.name, 5)
            .expect("a device that works");
        let times: Vec<f64> = (times.iter())
            .map(|times| {
                times
                    .iter()
                    .map(|run| run.wall)
                    .fold(f64::INFINITY, f64::min)
            })
            .collect();
        if STEP.contains(&phase.name) {
            step += times.iter().sum::<f64>();
        }
        for (dispatch, seconds) in phase.dispatches.iter().zip(times) {
            let kernel = dispatch.kernel.label();
            if kernel.contains(wanted) {
                println!(
                    "  {:10} {:12} {kernel:34} {:9.3} ms",
                    phase.name,
                    dispatch.layer,
                    1e3 * seconds
                );
            }
        }
    }
    step
}
