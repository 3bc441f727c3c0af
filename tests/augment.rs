//! The whole chain of augmentation: against PyTorch, the same from the same seed, and only for training images.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a failed test should panic, and its numbers are small"
)]

mod common;
#[path = "common/golden.rs"]
mod file;

use common::unchecked_settings;
use file::{Golden, permuted};
use safetensors::Dtype;
use std::collections::BTreeSet;
use wgprune::check::Setting;
use wgprune::check::gather_batch::{SAMPLES, images, labels, order, params};
use wgprune::config::Config;
use wgprune::gpu::{Plan, Tuning};
use wgprune::net::{Shape, by_name, compile};
use wgprune::ops::{
    Affine, Augment, ColorJitter, Crop, GatherBatch, RandomErasing, Retouch, StepParams,
};
use wgprune::reference::gather_batch::{Motion, source_pixel};
use wgprune::reference::retouch::{Change, Choice, retouch};
use wgprune::reference::{Bounded, EPSILON};
use wgprune::train::settings;

/// The bytes of an image of H·W·C that a motion shows, as floats.
fn moved(s: &GatherBatch, motion: &Motion, image: &[u8]) -> Vec<f32> {
    let places = (0..s.h).flat_map(|h| (0..s.w).map(move |w| [h, w]));
    let pixel = |place| {
        let source = source_pixel(s, motion, place);
        (0..s.c).map(move |c| {
            source.map_or(0.0, |[h, w]| {
                image[((h * s.w + w) * s.c + c) as usize].into()
            })
        })
    };
    places.flat_map(pixel).collect()
}

/// Twin and golden compute in f64, but the twin takes the factor and the offset of the normalisation as f32: a factor was
/// rounded twice on its way, an offset once.
#[test]
fn the_twins_in_a_row_give_what_pytorch_gives() {
    let golden = Golden::open("augment");
    for case in [
        "moved",
        "shifted",
        "turned",
        "contrast-first",
        "contrast-last",
        "strong",
        "grey",
        "all",
    ] {
        let (image, shape) = golden.read::<u8>(case, "image", Dtype::U8);
        let [c, h, w] = [shape[0], shape[1], shape[2]].map(|extent| extent as u32);
        let image = permuted((image, shape), &[1, 2, 0]);
        let signed = |name| golden.read::<i32>(case, name, Dtype::I32).0;
        let crop = golden.integers(case, "crop").0;
        let affine = signed("affine");
        let gather = GatherBatch {
            n: 1,
            h,
            w,
            c,
            augment: Augment {
                crop: Some(Crop {
                    margin: crop[0],
                    reflect: crop[1] == 1,
                }),
                ..Augment::default()
            },
        };
        let motion = Motion {
            corner: [crop[2], crop[3]],
            mirrored: crop[4] == 1,
            turn: [affine[0], affine[1]],
            shift: [affine[2], affine[3]].map(i64::from),
        };
        let factors = golden.input(case, "factors").0;
        let change = |&kind: &u32| match kind {
            0 => Change::Brightness(factors[0]),
            1 => Change::Contrast(factors[1]),
            2 => Change::Saturation(factors[2]),
            _ => Change::Hue(factors[3]),
        };
        let erased = golden.integers(case, "erased").0;
        let choice = Choice {
            changes: golden
                .integers(case, "order")
                .0
                .iter()
                .map(change)
                .collect(),
            erased: [erased[0]..erased[2], erased[1]..erased[3]],
        };
        let op = Retouch {
            n: 1,
            h,
            w,
            c,
            jitter: ColorJitter::default(),
            erasing: RandomErasing {
                probability: 1.0,
                to_mean: erased[4] == 1,
            },
        };
        let [mean, std] = ["mean", "std"].map(|name| golden.input(case, name).0);
        let scale = GatherBatch::scale(&mean, &std);
        let twin = retouch(&op, &choice, &moved(&gather, &motion, &image), &scale);
        let y = permuted(golden.output(case, "y"), &[1, 2, 0]);
        assert_eq!(twin.len(), y.len());
        for (i, (Bounded { value, .. }, y)) in twin.iter().zip(&y).enumerate() {
            let offset = f64::from(scale[c as usize + i % c as usize]);
            let close = EPSILON * (y.abs() + 2.0 * offset.abs());
            assert!(
                (value - y).abs() <= close,
                "{case}[{i}] is {value}, not {y}"
            );
        }
    }
}

/// The recipe of progressive magnitude pruning for CIFAR-10, with more erased and with translation.
fn chain() -> (GatherBatch, Retouch) {
    let [n, h, w, c] = [16, 12, 14, 3];
    let gather = GatherBatch {
        n,
        h,
        w,
        c,
        augment: Augment {
            crop: Some(Crop {
                margin: 4,
                reflect: false,
            }),
            flip: true,
            affine: Some(Affine {
                degrees: 15.0,
                shift: 1,
            }),
        },
    };
    let retouch = Retouch {
        n,
        h,
        w,
        c,
        jitter: ColorJitter {
            brightness: 0.2,
            contrast: 0.2,
            saturation: 0.2,
            hue: 0.1,
        },
        erasing: RandomErasing {
            probability: 0.7,
            to_mean: false,
        },
    };
    (gather, retouch)
}

fn scale() -> Vec<f32> {
    GatherBatch::scale(&[0.4914, 0.4822, 0.4465], &[0.247, 0.2435, 0.2616])
}

/// A device that has the chain, and what it makes of the batch of an epoch.
fn on_device(setting: &Setting) -> impl Fn(StepParams) -> Vec<f32> {
    let (gather, retouch) = chain();
    let mut plan = Plan::new(setting.tuning);
    plan.phase("gather");
    let mut bytes = images(&gather);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let images: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes);
    let image = [gather.n, gather.h, gather.w, gather.c];
    let [data, all_labels, order_of_epoch, step, turns] = [
        ("images", images.len() as u32),
        ("all_labels", SAMPLES),
        ("order", SAMPLES),
        ("step", StepParams::LEN),
        ("turns", 2 * Affine::TURNS),
    ]
    .map(|(name, length)| plan.tensor(name, &[length]));
    let [unscaled, scaled] = ["unscaled", "scale"].map(|name| plan.tensor(name, &[6]));
    let factors = plan.tensor("factors", &[4 * Retouch::LEVELS]);
    let sizes = plan.tensor("sizes", &[2 * retouch.sizes().len() as u32]);
    let [gathered, y] = ["gathered", "y"].map(|name| plan.tensor(name, &image));
    let labels_of_batch = plan.tensor("labels", &[gather.n]);
    let inputs = [&all_labels, &order_of_epoch, &step, &unscaled, &turns];
    gather.record(
        &mut plan,
        std::slice::from_ref(&data),
        inputs,
        [&gathered, &labels_of_batch],
    );
    let inputs = [&gathered, &order_of_epoch, &step, &scaled, &factors, &sizes];
    retouch.record(&mut plan, inputs, &y);
    let machine = setting.gpu.load(&plan).unwrap();
    machine.write(&data, &images);
    machine.write(&all_labels, &labels());
    machine.write(&order_of_epoch, &order());
    machine.write(&turns, &gather.augment.affine.unwrap().turns());
    machine.write(&unscaled, &GatherBatch::unscaled(3));
    machine.write(&scaled, &scale());
    machine.write(&factors, &retouch.factors());
    machine.write(&sizes, &retouch.sizes());
    move |params| {
        machine.write(&step, &[params]);
        machine.replay(&["gather"]).unwrap();
        machine.read(&y).unwrap()
    }
}

/// What the twins make of the batch of an epoch.
fn by_twins(params: StepParams) -> Vec<Bounded> {
    let (s, op) = chain();
    let (images, order, scale) = (images(&s), order(), scale());
    let bytes = (s.h * s.w * s.c) as usize;
    let rows = (0..s.n).flat_map(|n| {
        let sample = order[(params.position + n.min(params.count - 1)) as usize];
        let motion = Motion::drawn(&s.augment, &params, sample);
        let own = &images[sample as usize * bytes..][..bytes];
        let choice = Choice::drawn(&op, &params, sample);
        retouch(&op, &choice, &moved(&s, &motion, own), &scale)
    });
    rows.collect()
}

#[test]
fn a_seed_gives_the_same_images_again_and_others_in_each_epoch() {
    let count = 12;
    let image = {
        let (s, _) = chain();
        (s.h * s.w * s.c) as usize
    };
    for setting in unchecked_settings() {
        let batch = on_device(&setting);
        let epochs: Vec<Vec<f32>> = (0..3)
            .map(|epoch| {
                batch(StepParams {
                    epoch,
                    ..params(count)
                })
            })
            .collect();
        // As a run that goes on does it: another device, and straight to the epoch.
        let again = on_device(&setting)(StepParams {
            epoch: 2,
            ..params(count)
        });
        assert!(
            bytemuck::cast_slice::<_, u32>(&again) == bytemuck::cast_slice::<_, u32>(&epochs[2])
        );
        for (i, own) in epochs[0].chunks(image).take(count as usize).enumerate() {
            let others = epochs[1..].iter().map(|epoch| &epoch[i * image..][..image]);
            assert!(others.clone().all(|other| other != own), "image {i}");
        }
        for (epoch, values) in (0..).zip(&epochs) {
            let twins = by_twins(StepParams {
                epoch,
                ..params(count)
            });
            let worst = twins
                .iter()
                .zip(values)
                .map(|(twin, &value)| twin.share(value));
            let worst = worst.fold(0.0, f64::max);
            assert!(
                worst <= 1.0,
                "{worst} in epoch {epoch} on {}",
                setting.gpu.adapter.name
            );
        }
    }
}

/// The kernels of a phase for these settings.
fn kernels(config: &Config, phase: &str) -> Vec<String> {
    let input = Shape { h: 32, w: 32, c: 3 };
    let net = by_name("resnet-20", input, 10).unwrap();
    let plan = compile(&net, &settings(config, 32, [100; 2]), Tuning::PORTABLE).plan;
    let phases = plan.phases().iter();
    let own = phases
        .filter(|own| own.name == phase)
        .flat_map(|own| &own.dispatches);
    own.map(|dispatch| dispatch.kernel.label()).collect()
}

#[test]
fn only_training_images_are_retouched_and_only_where_it_is_asked_for() {
    let all = ["gather", "gather-plain", "gather-test"];
    for phase in all {
        assert_eq!(kernels(&Config::default(), phase), ["gather_batch"]);
    }
    let set: [fn(&mut Config); 5] = [
        |config| config.data.brightness = 0.1,
        |config| config.data.contrast = 0.1,
        |config| config.data.saturation = 0.1,
        |config| config.data.hue = 0.1,
        |config| config.data.erase = 0.1,
    ];
    for set in set {
        let mut config = Config::default();
        set(&mut config);
        assert_eq!(kernels(&config, all[0]), ["gather_batch", "retouch"]);
        let plain: BTreeSet<_> = all[1..]
            .iter()
            .flat_map(|phase| kernels(&config, phase))
            .collect();
        assert!(plain.iter().eq(["gather_batch"]), "{plain:?}");
    }
}
