//! Runs that stop and go on.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use std::path::Path;
use std::sync::Arc;
use wgprune::config::Config;
use wgprune::data::{self, Dataset};
use wgprune::gpu::{Gpu, Options};
use wgprune::run::{Environment, Resume, RunDir};
use wgprune::train::{Checkpoint, Outcome, Schedule, Session, train, train_images};

/// What a run is made with, apart from its configuration.
pub(crate) struct Bench {
    pub(crate) gpu: Arc<Gpu>,
    pub(crate) dataset: Dataset,
}

impl Bench {
    /// The first images of the embedded set, so that epochs are short.
    pub(crate) fn new() -> Self {
        let mut dataset = data::open("mnist-mini", None).unwrap();
        for (split, count) in [(&mut dataset.train, 200), (&mut dataset.test, 50)] {
            split.labels.truncate(count);
            split.images.truncate(count * 784);
        }
        let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
        Self { gpu, dataset }
    }

    pub(crate) fn session(&self, config: &Config) -> Session {
        let net = config
            .net(self.dataset.input(), self.dataset.classes)
            .unwrap();
        Session::open(&self.gpu, &net, &self.dataset, config).unwrap()
    }

    /// Trains in `folder` until `stop`, from its newest checkpoint if there is one, on a device that knows nothing of
    /// what came before. Whether the run came to its end.
    pub(crate) fn advance(&self, config: &Config, folder: &Path, stop: u32) -> bool {
        let mut session = self.session(config);
        let here = Environment::of(&self.gpu.adapter);
        let (mut run, from): (RunDir, Option<Checkpoint>) = if folder.exists() {
            let resume = Resume::open(folder).unwrap();
            assert_eq!(&resume.config, config);
            resume.check_data(&self.dataset).unwrap();
            resume.go_on(&session, &here, Some(1)).unwrap()
        } else {
            let wanted = Some(folder);
            let run = RunDir::create(
                wanted,
                config,
                self.dataset.sha256(),
                &session,
                &here,
                Some(1),
            )
            .unwrap();
            (run, None)
        };
        let schedule = Schedule::new(config, train_images(config, &self.dataset).unwrap()).unwrap();
        let reached = |step| step >= stop;
        let outcome = train(&mut session, config, &schedule, from, &reached, &mut run).unwrap();
        match outcome {
            Outcome::Stopped(step) => {
                assert!(step >= stop, "stopped at {step}, not {stop}");
                false
            }
            Outcome::Finished(finish) => {
                assert_eq!(finish.last.step, schedule.steps);
                run.save_weights(&session.weights().unwrap()).unwrap();
                true
            }
        }
    }
}
