//! `wgprune train`

mod summary;

use super::{adapter_json, open_gpu};
use crate::cli::TrainArgs;
use crate::interrupt::Interrupt;
use crate::logger;
use crate::progress::Progress;
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use summary::{Learned, Summary};
use wgprune::config::Config;
use wgprune::data::Dataset;
use wgprune::error::{Error, ErrorKind, Result};
use wgprune::gpu::{AdapterFacts, mebibytes};
use wgprune::net::Structure;
use wgprune::run::{Environment, Resume, RunDir};
use wgprune::train::{
    Checkpoint, Cost, Finish, LayerCount, Outcome, Schedule, Session, train, train_images,
};

/// A run with all that it needs to begin or to go on.
struct Job<'a> {
    args: &'a TrainArgs,
    quiet: bool,
    start: Instant,
    config: Config,
    dataset: Arc<Dataset>,
    schedule: Schedule,
    session: Session,
    adapter: AdapterFacts,
}

pub(super) fn run(args: &TrainArgs, quiet: bool, start: Instant) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    match &args.resume {
        Some(path) => resume(args, quiet, start, path, &interrupt),
        None => begin(args, quiet, start, &interrupt),
    }
}

fn begin(args: &TrainArgs, quiet: bool, start: Instant, interrupt: &Interrupt) -> Result<()> {
    let config = args.config()?;
    RunDir::check_free(args.out.as_deref())?;
    let dataset = Arc::new(config.data.open()?);
    // On a machine without instructions for it, this takes as long as what the device is asked for meanwhile.
    let hashed = {
        let dataset = Arc::clone(&dataset);
        std::thread::spawn(move || dataset.sha256())
    };
    let schedule = Schedule::new(&config, train_images(&config, &dataset)?)?;
    let config = config.pin(&schedule)?;
    if let Some(rounds) = schedule.rounds {
        log::info!("{rounds}");
    }
    let job = Job::open(
        args,
        quiet,
        start,
        config,
        dataset,
        args.device.selector.as_deref(),
    )?;
    let run_dir = RunDir::create(
        args.out.as_deref(),
        &job.config,
        hashed.join().expect("hashing does not panic"),
        &job.session,
        &Environment::of(&job.adapter),
        args.keep,
    )?;
    job.work(run_dir, None, interrupt)
}

fn resume(
    args: &TrainArgs,
    quiet: bool,
    start: Instant,
    path: &Path,
    interrupt: &Interrupt,
) -> Result<()> {
    let run = Resume::open(path)?;
    if let Some(summary) = run.summary() {
        log::info!(
            "the run in {} is done; nothing is left to do",
            path.display()
        );
        let summary = Summary::deserialize(summary).map_err(|error| {
            Error::data(
                format!("the summary in {} is damaged: {error}", path.display()),
                "start the run again from its config.toml",
            )
        })?;
        // The folder may have moved since.
        let here = Summary {
            run_dir: run.path().to_string_lossy().into_owned(),
            weights: run.weights_path().to_string_lossy().into_owned(),
            ..summary
        };
        return here.print(args.json);
    }
    let config = run.config.clone();
    // So may the data.
    let mut data = config.data.clone();
    data.name = args.data.data.clone().unwrap_or(data.name);
    data.root = args.data.data_root.clone().unwrap_or(data.root);
    let dataset = Arc::new(data.open()?);
    run.check_data(&dataset)?;
    let device = match &args.device.selector {
        Some(selector) => selector.clone(),
        None => run.environment.adapter.find()?.to_string(),
    };
    let job = Job::open(args, quiet, start, config, dataset, Some(&device));
    let job = job.map_err(|error| match error.kind {
        // The batch and the network are decided.
        ErrorKind::Memory => Error {
            help: "free memory, or go on with another --device or another --memory SIZE".into(),
            ..error
        },
        _ => error,
    })?;
    let environment = Environment::of(&job.adapter);
    for difference in run.environment.differences(&environment) {
        log::warn!(
            "{difference}; the result may differ in its last digits from a run that never stopped"
        );
    }
    let (run_dir, checkpoint) = run.go_on(&job.session, &environment, args.keep)?;
    match &checkpoint {
        Some(checkpoint) => log::info!("going on from step {}", checkpoint.position.step),
        None => log::info!("the run had not begun; beginning it"),
    }
    job.work(run_dir, checkpoint, interrupt)
}

impl<'a> Job<'a> {
    fn open(
        args: &'a TrainArgs,
        quiet: bool,
        start: Instant,
        config: Config,
        dataset: Arc<Dataset>,
        device: Option<&str>,
    ) -> Result<Self> {
        let net = config.net(dataset.input(), dataset.classes)?;
        let schedule = Schedule::new(&config, train_images(&config, &dataset)?)?;
        let gpu = open_gpu(device, args.memory.bytes)?;
        Ok(Self {
            session: Session::open(&gpu, &net, &dataset, &config)?,
            adapter: gpu.adapter.clone(),
            args,
            quiet,
            start,
            config,
            dataset,
            schedule,
        })
    }

    /// Trains to the end or to a signal, and says so.
    fn work(
        mut self,
        run_dir: RunDir,
        from: Option<Checkpoint>,
        interrupt: &Interrupt,
    ) -> Result<()> {
        logger::attach(&run_dir.log_path()).map_err(|error| run_dir.failed(error))?;
        let position = from.as_ref().map(|from| from.position).unwrap_or_default();
        let batch = self.config.train.batch;
        log::info!(
            "training {} on {}: {} steps of {batch} images, {} of data and buffers on the device, into {}",
            self.config.model,
            self.dataset.name,
            self.schedule.steps,
            mebibytes(self.session.device_bytes()),
            run_dir.path().display()
        );
        let mut why = "prune.exclude";
        match self.session.structure() {
            Structure::None => {}
            structure @ Structure::Pattern { kept, size } => log::info!(
                "masks come to {structure}: of every {size} weights along the inputs of an output, {kept} are left"
            ),
            Structure::Filter => {
                why = "prune.exclude, and what gives the classes";
                log::info!(
                    "masks are of whole filters: {:.2} % of them go, and the sparsity below is what that is in weights",
                    100.0 * self.schedule.target()
                );
            }
        }
        let excluded: Vec<&str> = self.session.excluded().collect();
        if !excluded.is_empty() {
            log::info!("never pruned ({why}): {}", excluded.join(", "));
        }
        if self.config.prune.prunes() && self.config.prune.biases {
            log::info!("biases are ranked with the weights, and count as such below");
        }
        let mut progress = Progress::new(run_dir, &self.schedule, &position, batch, self.quiet);
        interrupt.defer();
        let outcome = train(
            &mut self.session,
            &self.config,
            &self.schedule,
            from,
            &|_| interrupt.signal().is_some(),
            &mut progress,
        );
        let mut run_dir = progress.finish();
        let finished = match outcome {
            Ok(Outcome::Stopped(step)) => {
                let noted = run_dir.interrupted();
                noted.map_err(|error| run_dir.failed(error))?;
                let kind = ErrorKind::Interrupted(interrupt.signal().unwrap_or_default());
                let resume = format!("resume with: {}", run_dir.resume_command());
                return Err(Error::new(kind, format!("saved step {step}"), resume));
            }
            Ok(Outcome::Finished(finish)) => {
                self.finish(&mut run_dir, &finish, position.spent.seconds)
            }
            Err(error) => Err(error),
        };
        let summary = finished.map_err(|error| run_dir.failed(error))?;
        summary.print(self.args.json)
    }

    /// Writes the weights and the summary.
    fn finish(&self, run_dir: &mut RunDir, finish: &Finish, before: f64) -> Result<Summary> {
        let Self {
            config,
            session,
            schedule,
            start,
            ..
        } = self;
        run_dir.save_weights(&session.weights()?)?;
        let last = finish.last;
        let dense = match session.whole() {
            Some(whole) => whole.macs,
            None => session.macs(session.prunable()),
        };
        let steps = config.train.length.steps(schedule.epoch, 0);
        let cost = finish.cost;
        let kept = session.kept()?;
        let layers = session.layers_on_paths(&kept)?;
        let [all, left] = [session.prunable(), &kept].map(|counts| session.units(counts).sum());
        let summary = Summary {
            run_dir: run_dir.path().to_string_lossy().into_owned(),
            weights: run_dir.weights_path().to_string_lossy().into_owned(),
            model: config.model.clone(),
            data: self.dataset.name.clone(),
            method: config.prune.method.clone(),
            seed: config.seed,
            epochs: last.epoch,
            steps: last.step,
            test_accuracy: last.test.accuracy(),
            test_loss: last.test.loss(),
            test_images: last.test.images,
            sparsity: last.sparsity,
            sparsity_target: schedule.target(),
            structure: session.structure().to_string(),
            filters: (session.structure() == Structure::Filter).then_some([all, left]),
            excluded: session.excluded().map(str::to_owned).collect(),
            prunable_weights: session.prunable().iter().sum(),
            kept_weights: finish.kept,
            parameters: Some(session.trainable()),
            narrowed_from: session.whole(),
            effective_sparsity: effective_sparsity(&layers, session),
            layers,
            training_cost: cost.map(|cost| cost.relative(dense, steps)),
            scoring_cost: cost.map(|cost| cost.relative_scoring(dense, steps)),
            scoring_passes: cost.map(|Cost { passes, .. }| passes),
            train_images_per_second: finish.spent.images_per_second(),
            first_step_seconds: finish.first_step.map(|at| (at - *start).as_secs_f64()),
            wall_seconds: before + start.elapsed().as_secs_f64(),
            peak_device_bytes: session.device_bytes(),
            autos_model: (!config.prune.autos_sha256.is_empty()).then(|| Learned {
                file: config.prune.autos_model.clone(),
                sha256: config.prune.autos_sha256.clone(),
            }),
            adapter: adapter_json(&self.adapter),
        };
        run_dir.done(&summary)?;
        Ok(summary)
    }
}

/// As [`Summary::effective_sparsity`].
fn effective_sparsity(layers: &[LayerCount], session: &Session) -> Option<f64> {
    let excluded: Vec<&str> = session.excluded().collect();
    let prunable = (layers.iter()).filter(|layer| !excluded.contains(&&layer.name[..]));
    let effective = prunable.map(|layer| {
        let on_paths = layer.on_paths?;
        Some(on_paths.effective + on_paths.effective_biases.unwrap_or(0))
    });
    let effective: u32 = effective.sum::<Option<u32>>()?;
    let all: u32 = session.prunable().iter().sum();
    Some(1.0 - f64::from(effective) / f64::from(all))
}
