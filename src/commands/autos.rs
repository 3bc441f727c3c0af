//! `wgprune autos`

use super::{open_gpu, print};
use crate::cli::AutosArgs;
use serde_json::json;
use std::path::Path;
use wgprune::autos::{About, EPOCHS, FitEpoch, Regressor, Survey, SurveyRound, fit, survey};
use wgprune::config::Config;
use wgprune::error::{Error, ErrorKind, Result};
use wgprune::train::choices;

pub(super) fn run(args: &AutosArgs) -> Result<()> {
    check_new(&args.out)?;
    let mut config = Config::resolve(args.config.as_deref(), &args.edits())?;
    // What survives in rounds is asked of weights, by their magnitudes.
    config.prune.biases = false;
    let dataset = config.data.open()?;
    let net = config.net(dataset.input(), dataset.classes)?;
    let gpu = open_gpu(args.device.selector.as_deref(), args.memory.bytes)?;
    let plan = Survey {
        rounds: args.rounds,
        density: args.density,
        decrease: args.by.into(),
    };
    log::info!(
        "{} rounds of {} on {}, {} each, and then {EPOCHS} passes over what survived",
        plan.rounds,
        net.name,
        dataset.name,
        config.train.length
    );
    let rounds = plan.rounds;
    let mut tell = |round: &SurveyRound| {
        let SurveyRound { round, kept, test } = round;
        let reached = test.map_or_else(String::new, |test| {
            format!("  test {:.2} %", 100.0 * test.accuracy())
        });
        log::info!("round {round:>3}/{rounds}  kept {kept}{reached}");
    };
    let samples = survey(&gpu, &net, &dataset, &config, &plan, &mut tell)?;
    let mut tell = |now: &FitEpoch| {
        log::info!(
            "pass {:>2}/{EPOCHS}  mean squared error {:.5}, of the weights held out {:.5}",
            now.epoch,
            now.loss,
            now.held_out
        );
    };
    let kernels = choices(&config, &gpu)?;
    let fitted = fit(
        &gpu,
        kernels,
        &samples,
        args.samples,
        config.seed,
        &mut tell,
    )?;
    let regressor = Regressor::new(
        &fitted,
        About {
            version: 0,
            model: net.name.clone(),
            data: dataset.name.clone(),
            rounds,
            density: args.density,
            length: config.train.length.to_string(),
            batch: config.train.batch,
            seed: config.seed,
            weights: samples.targets.len(),
            samples: args.samples,
            held_out_error: fitted.best.held_out,
        },
    )?;
    regressor.write(&args.out)?;
    if args.json {
        return print(json!({
            "file": args.out.to_string_lossy(),
            "sha256": regressor.sha256,
            "about": regressor.about,
            "variance": samples.variance(),
            "pass": fitted.best.epoch,
        }));
    }
    print(format!("weights        {}", samples.targets.len()))?;
    print(format!(
        "held out       mean squared error {:.5} after pass {}, of a variance of {:.5}",
        fitted.best.held_out,
        fitted.best.epoch,
        samples.variance()
    ))?;
    print(format!("regressor      {}", args.out.display()))
}

/// Refuses, before any work, a file that cannot be written.
fn check_new(path: &Path) -> Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let refuse = |why: String| {
        Err(Error::new(
            ErrorKind::Output,
            format!("cannot write the regressor to {}: {why}", path.display()),
            "choose another file with --out FILE, in a folder that is there and has room",
        ))
    };
    match folder {
        _ if path.exists() => refuse("it exists already".into()),
        Some(folder) if !folder.is_dir() => {
            refuse(format!("there is no folder {}", folder.display()))
        }
        _ => Ok(()),
    }
}
