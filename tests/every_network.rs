//! Every method on one of the small networks, and, asked for by name, on every network: a few steps, whole and from the
//! middle on, from which the same must come.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

use std::sync::Arc;
use std::time::Instant;
use wgprune::config::{Config, METHODS, Scope};
use wgprune::data::{Dataset, Split};
use wgprune::error::Result;
use wgprune::gpu::{Gpu, Options};
use wgprune::net::{MODELS, Model, model};
use wgprune::ops::Criterion;
use wgprune::train::{Checkpoint, Length, Observer, Outcome, Schedule, Session, Snapshot, train};

const STEPS: u32 = 6;
const EPOCH: u32 = 3;
const BATCH: u32 = 2;

/// The newest checkpoint before the end.
#[derive(Default)]
struct Kept(Option<Checkpoint>);

impl Observer for Kept {
    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        if checkpoint.position.step < STEPS {
            self.0 = Some(checkpoint.clone());
        }
        Ok(())
    }
}

/// A few images of noise for a network, of ten classes, in epochs of so many steps.
fn noise(model: &Model) -> Dataset {
    let split = |count: u32| {
        let bytes = count * model.input.len();
        // The upper bits of a linear congruence.
        let byte = |i: u32| {
            i.wrapping_mul(1_664_525)
                .wrapping_add(1_013_904_223)
                .to_le_bytes()[3]
        };
        Split {
            images: (0..bytes).map(|i| byte(i) ^ byte(i / 7)).collect(),
            labels: (0..count).map(|i| [3, 0, 9, 5][i as usize % 4]).collect(),
        }
    };
    let channels = model.input.c as usize;
    Dataset {
        name: "noise".into(),
        train: split(EPOCH * BATCH),
        test: split(BATCH),
        height: model.input.h,
        width: model.input.w,
        channels: model.input.c,
        classes: 10,
        mean: vec![0.5; channels],
        std: vec![0.25; channels],
    }
}

fn config(model: &Model, method: &str) -> Config {
    let edits = [("prune.method".to_owned(), method.into())];
    let mut config = Config::resolve(None, &edits).unwrap();
    config.model = model.name.into();
    config.train.length = Length::Steps(STEPS);
    config.train.batch = BATCH;
    config.learning_rate.initial = 1e-3;
    config.prune.every = "2it".into();
    // As few passes and rounds as show that there are several.
    config.prune.iterations = config.prune.iterations.min(3);
    config.prune.round_share = 0.7;
    if model.name == "lenet-300-100" {
        // One-cycle would leave nothing to prune of it.
        config.prune.exclude.clear();
    }
    config
}

/// What is on the device at the end, of a run whole or from a checkpoint; or where it stops after so many steps.
fn run(
    (gpu, dataset): (&Arc<Gpu>, &Dataset),
    config: &Config,
    from: Option<Checkpoint>,
    stop: u32,
) -> (Snapshot, Option<Checkpoint>) {
    let net = config.net(dataset.input(), dataset.classes).unwrap();
    let mut session = Session::open(gpu, &net, dataset, config).unwrap();
    let schedule = Schedule::new(config, session.train_images()).unwrap();
    let mut kept = Kept::default();
    let reached = |step| step >= stop;
    let outcome = train(&mut session, config, &schedule, from, &reached, &mut kept).unwrap();
    assert_eq!(matches!(outcome, Outcome::Stopped(_)), stop < STEPS);
    (session.snapshot().unwrap(), kept.0)
}

/// How many of its prunable weights a run keeps, and all: the same from the checkpoint in the middle on; and, if it is to be
/// `stopped` within an epoch, too, from there on.
fn kept(gpu: &Arc<Gpu>, model: &Model, config: &Config, stopped: bool) -> [usize; 2] {
    let method = config.prune.method.as_str();
    let dataset = noise(model);
    let here = (gpu, &dataset);
    let (whole, middle) = run(here, config, None, u32::MAX);
    let stop = stopped.then(|| run(here, config, None, EPOCH + 1).1);
    for from in [Some(middle), stop].into_iter().flatten() {
        let step = from.as_ref().map(|from| from.position.step);
        assert!(step.is_some_and(|step| step >= EPOCH), "{step:?}");
        let (end, _) = run(here, config, from, u32::MAX);
        assert!(whole == end, "{method} on {} from {step:?}", model.name);
    }
    let prunable = whole.iter().filter(|own| own.parameter.is_prunable());
    prunable.fold([0, 0], |[kept, all], own| {
        let bits = own.mask.iter().filter(|&&bit| bit == 1).count();
        [kept + bits, all + own.mask.len()]
    })
}

/// Runs these pairs, and says how long each took.
fn assert_all_run<'a>(pairs: impl Iterator<Item = (&'a Model, &'a str)>, stopped: bool) {
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    for (model, method) in pairs {
        let begin = Instant::now();
        let [kept, all] = kept(&gpu, model, &config(model, method), stopped);
        let wanted = all * if method.ends_with("dense") { 10 } else { 1 };
        // Each layer may round by itself.
        assert!(
            (10 * kept).abs_diff(wanted) < 1000,
            "{method} on {} keeps {kept} of {all}",
            model.name
        );
        eprintln!(
            "{} {method}: {:.1} s",
            model.name,
            begin.elapsed().as_secs_f64()
        );
    }
}

/// Each method on one of the small networks.
#[test]
fn every_method_runs_and_goes_on() {
    let names = ["resnet-20", "lenet-300-100", "resnet-20-free", "lenet-5"];
    let small = names.map(|name| model(name).unwrap());
    let methods = METHODS.iter().map(|method| method.name);
    assert_all_run(small.into_iter().cycle().zip(methods), true);
}

/// What no method has, but a user may ask for.
#[test]
fn other_parts_run_and_go_on() {
    let gpu = Arc::new(Gpu::open(Options::default()).unwrap());
    let model = model("lenet-300-100").unwrap();
    let mut by_movement = config(model, "progressive");
    by_movement.prune.criterion = Criterion::Movement;
    by_movement.prune.start = Length::Steps(2);
    assert_eq!(kept(&gpu, model, &by_movement, true), [26_620, 266_200]);
    let mut by_start = config(model, "agp");
    by_start.prune.criterion = Criterion::InitialMagnitude;
    assert_eq!(kept(&gpu, model, &by_start, true), [26_620, 266_200]);
    let mut by_layer = config(model, "lth");
    by_layer.prune.scope = Scope::Layer;
    by_layer.prune.layers = [("fc3".to_owned(), 0.8)].into();
    assert_eq!(kept(&gpu, model, &by_layer, true), [26_720, 266_200]);
}

/// A test for each network, which is named as it is: `cargo test --test every_network -- --ignored vgg_16` runs those on
/// which `vgg_16` is found.
macro_rules! each_network {
    ($($name:ident)*) => {
        const EACH_NETWORK: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            #[ignore = "takes minutes on a software adapter"]
            fn $name() {
                let model = model(&stringify!($name).replace('_', "-")).unwrap();
                assert_all_run(METHODS.iter().map(|method| (model, method.name)), false);
            }
        )*
    };
}

each_network! {
    lenet_300_100 lenet_5
    vgg_16 vgg_16_bias vgg_19 vgg_19_pmp vgg_like vgg_like_pmp vgg_c vgg_d
    resnet_18 resnet_18_imagenet resnet_20 resnet_32 resnet_56 resnet_20_wide resnet_32_wide resnet_56_wide
    resnet_20_free resnet_32_free resnet_56_free resnet_50
}

#[test]
fn no_network_is_left_out() {
    let names = MODELS.iter().map(|model| model.name.replace('-', "_"));
    assert!(names.eq(EACH_NETWORK.iter().copied()));
}
