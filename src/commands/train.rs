//! `wgprune train`

use super::{adapter_json, folder, open_gpu, print};
use crate::cli::TrainArgs;
use crate::progress::Progress;
use serde_json::json;
use std::time::Instant;
use wgprune::config::{Config, Method};
use wgprune::data;
use wgprune::error::Result;
use wgprune::gpu::mebibytes;
use wgprune::net::by_name;
use wgprune::train::{RunDir, Schedule, Session, train, train_images};

pub(super) fn run(args: &TrainArgs, quiet: bool, start: Instant) -> Result<()> {
    let config = Config::resolve(args.config.as_deref(), &args.edits())?;
    RunDir::check_free(args.out.as_deref())?;
    let dataset = data::open(&config.data.name, folder(&config.data.root))?;
    let net = by_name(&config.model, dataset.input(), dataset.classes)?;
    let schedule = Schedule::new(&config, train_images(&config, &dataset)?)?;
    let config = config.pin(&schedule)?;
    let gpu = open_gpu(args.device.as_deref())?;
    let mut session = Session::open(&gpu, &net, &dataset, &config)?;
    let tensors = session.prunable_names().map(str::to_owned).collect();
    let run_dir = RunDir::create(args.out.as_deref(), &config, tensors)?;
    log::info!(
        "training {} on {}: {} steps of {} images, {} of data and buffers on the device, into {}",
        net.name,
        dataset.name,
        schedule.steps,
        config.train.batch,
        mebibytes(session.device_bytes()),
        run_dir.path().display()
    );
    let mut progress = Progress::new(run_dir, &schedule, config.train.batch, quiet);
    let outcome = train(&mut session, &config, &schedule, &mut progress)?;
    let mut run_dir = progress.finish();
    let weights = run_dir.save_weights(&session.weights()?, &net.name)?;
    let prunable: u32 = session.prunable().iter().sum();
    let last = outcome.last;
    let (method, target) = match config.prune.method {
        Method::Progressive => ("progressive", config.prune.sparsity),
        Method::Dense => ("dense", 0.0),
    };
    let wall = start.elapsed().as_secs_f64();
    if args.json {
        print(json!({
            "run_dir": run_dir.path().to_string_lossy(),
            "weights": weights.to_string_lossy(),
            "model": net.name,
            "data": dataset.name,
            "method": method,
            "seed": config.seed,
            "epochs": last.epoch,
            "steps": last.step,
            "test_accuracy": last.test.accuracy(),
            "test_loss": last.test.loss(),
            "sparsity": last.sparsity,
            "sparsity_target": target,
            "prunable_weights": prunable,
            "kept_weights": outcome.kept,
            "train_images_per_second": outcome.images_per_second,
            "first_step_seconds": (outcome.first_step - start).as_secs_f64(),
            "wall_seconds": wall,
            "peak_device_bytes": session.device_bytes(),
            "adapter": adapter_json(&gpu.adapter),
        }))?;
    } else {
        print(format!(
            "test accuracy   {:.2} % (last epoch, {} images)",
            100.0 * last.test.accuracy(),
            last.test.images
        ))?;
        print(format!("test loss       {:.4}", last.test.loss()))?;
        print(format!(
            "sparsity        {:.2} % of the prunable weights ({} of {prunable} kept)",
            100.0 * last.sparsity,
            outcome.kept
        ))?;
        print(format!(
            "speed           {:.0} training images a second",
            outcome.images_per_second
        ))?;
        print(format!("time            {wall:.1} s"))?;
        print(format!("weights         {}", weights.display()))?;
        if method != "dense" {
            print(
                "note: zeros make the file compress well; they do not make dense kernels faster",
            )?;
        }
    }
    Ok(())
}
