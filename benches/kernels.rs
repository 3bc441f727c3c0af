//! What every dispatch of a training step costs: each op at the networks' real shapes, in every kernel variant that
//! the adapter can run. `cargo bench` prints the table; a name as argument selects rows.

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use std::sync::Arc;
use wgprune::config::Config;
use wgprune::gpu::{Gpu, Options, Tuning};
use wgprune::net::{MODELS, Shape, by_name, compile};
use wgprune::train::settings;

const INPUT: Shape = Shape { h: 28, w: 28, c: 1 };
const PHASES: [&str; 7] = [
    "gather", "forward", "loss", "evaluate", "backward", "update", "prune",
];

fn main() {
    let wanted = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let gpu = match Gpu::open(Options::default()) {
        Ok(gpu) => Arc::new(gpu),
        Err(error) => {
            eprintln!("error: {error}");
            std::process::exit(error.kind.exit_code().into());
        }
    };
    println!("{}", gpu.adapter.line());
    println!(
        "batch 128; fastest of 5 launches, each alone, so a submission's cost is in every row\n"
    );
    let config = Config::default();
    for tuning in Tuning::supported(&gpu.adapter) {
        for (model, _) in MODELS {
            let net = by_name(model, INPUT, 10).expect("a network for these images");
            let plan = compile(&net, &settings(&config, INPUT.w, [1024; 2]), tuning).plan;
            let machine = gpu.load(&plan).expect("a plan that fits");
            println!("{model}, {:?}", tuning.product);
            let mut step = 0.0;
            for phase in plan
                .phases()
                .iter()
                .filter(|phase| PHASES.contains(&phase.name))
            {
                let times = machine
                    .time_dispatches(phase.name, 5)
                    .expect("a device that works");
                if !["evaluate", "prune"].contains(&phase.name) {
                    step += times.iter().sum::<f64>();
                }
                for (dispatch, seconds) in phase.dispatches.iter().zip(times) {
                    let kernel = dispatch.kernel.label();
                    if wanted
                        .as_ref()
                        .is_none_or(|wanted| kernel.contains(wanted.as_str()))
                    {
                        println!(
                            "  {:10} {:12} {kernel:34} {:9.3} ms",
                            phase.name,
                            dispatch.layer,
                            1e3 * seconds
                        );
                    }
                }
            }
            println!("  sum of a training step {:.1} ms\n", 1e3 * step);
        }
    }
}
