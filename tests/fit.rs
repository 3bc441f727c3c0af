//! Runs that cannot fit are refused before their first step, with the largest batch that does fit.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/cifar_files.rs"]
mod cifar_files;
#[path = "common/program.rs"]
mod program;

use program::{SMALL, assert_command_refused, assert_refused, file, here, small_run, wgprune};
use std::cell::Cell;
use std::fs;
use wgprune::config::Config;
use wgprune::error::{Error, ErrorKind, Result};
use wgprune::gpu::{Kept, Plan, Room, Tuning, mebibytes};
use wgprune::net::{Compiled, Layer, Net, Shape, by_name, compile};
use wgprune::train::{check_batch, fit, keeping, settings};

/// The plan of this network with 1,000 images to train on.
fn compiled(net: &Net, batch: u32) -> Result<Compiled> {
    check_batch(net, batch)?;
    let mut config = Config::default();
    config.train.batch = batch;
    let settings = settings(&config, net.input.w, [1000, 100]);
    let compiled = compile(net, &settings, Tuning::PORTABLE);
    let plan = compiled.plan.share_memory();
    Ok(Compiled { plan, ..compiled })
}

fn resnet() -> Net {
    by_name("resnet-20", Shape { h: 32, w: 32, c: 3 }, 10).unwrap()
}

/// The plan of this network with so many images, in such a room; and how often it was recorded.
fn kept(net: &Net, [batch, images]: [u32; 2], memory: Option<u64>, most: Kept) -> (Plan, u32) {
    let mut config = Config::default();
    config.train.batch = batch;
    let settings = settings(&config, net.input.w, [images, 100]);
    let room = Room {
        device: "voodoo".into(),
        buffer: 1 << 30,
        memory,
    };
    let times = Cell::new(0);
    let compile = |choices| {
        times.set(times.get() + 1);
        compile(net, &settings, choices)
    };
    let compiled = keeping(&Tuning::PORTABLE.into(), Some(&room), most, compile);
    (compiled.plan, times.get())
}

/// Launches that make points of weights, and of inputs.
fn made(plan: &Plan) -> [usize; 2] {
    let dispatches = plan.phases().iter().flat_map(|phase| &phase.dispatches);
    let names: Vec<&str> = dispatches.map(|it| it.kernel.name()).collect();
    ["conv2d_winograd_weight", "conv2d_winograd_input"]
        .map(|name| names.iter().filter(|&&own| own == name).count())
}

#[test]
fn a_plan_keeps_what_it_could_make_again_where_there_is_memory() {
    let net = by_name("resnet-18", Shape { h: 32, w: 32, c: 3 }, 10).unwrap();
    let plan = |batch, memory| kept(&net, [batch, 1000], memory, Kept::All).0;
    // 13 layers as they train, as they infer, and backwards.
    let rich = plan(32, None);
    assert_eq!(made(&rich), [26, 26]);
    let short = plan(32, Some(rich.bytes() - 1));
    assert_eq!(made(&short), [26, 39]);
    let poor = plan(32, Some(short.bytes() - 1));
    assert_eq!(made(&poor), [39, 39]);
    assert!(poor.bytes() < short.bytes() && short.bytes() < rich.bytes());
    assert_eq!(made(&plan(128, None)), [39, 39]);
    for (most, wanted) in [(Kept::Weights, [26, 39]), (Kept::Nothing, [39, 39])] {
        assert_eq!(made(&kept(&net, [32, 1000], None, most).0), wanted);
    }
}

/// 300,000 images have 879 MiB, which is more than a small plan.
#[test]
fn what_is_kept_does_not_depend_on_how_many_images_there_are() {
    let net = by_name("resnet-18", Shape { h: 32, w: 32, c: 3 }, 10).unwrap();
    let [few, many] = [1000, 300_000].map(|images| kept(&net, [32, images], None, Kept::All).0);
    assert_eq!(made(&many), made(&few));
}

/// LeNet-5 has windows of 5 x 5, and ResNet-18 what could be kept in less memory.
#[test]
fn a_network_that_could_keep_nothing_is_recorded_once() {
    let lenet = by_name("lenet-5", Shape { h: 28, w: 28, c: 1 }, 10).unwrap();
    let resnet = by_name("resnet-18", Shape { h: 32, w: 32, c: 3 }, 10).unwrap();
    for (net, most, wanted) in [
        (&lenet, Kept::All, 1),
        (&resnet, Kept::All, 3),
        (&resnet, Kept::Nothing, 1),
    ] {
        assert_eq!(kept(net, [32, 1000], Some(1), most).1, wanted);
    }
}

/// The error of a batch in so much room.
fn refusal(net: &Net, batch: u32, buffer: u64, memory: Option<u64>) -> Error {
    let room = Room {
        device: "voodoo".into(),
        buffer,
        memory,
    };
    let error = fit(&room, batch, |batch| compiled(net, batch)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Memory, "{error}");
    error
}

#[test]
fn the_largest_batch_that_fits_is_told() {
    let net = resnet();
    let bytes = |batch| compiled(&net, batch).unwrap().plan.bytes();
    for most in [1, 37, 127] {
        // One byte less than the next batch needs.
        let error = refusal(&net, 128, u64::MAX, Some(bytes(most + 1) - 1));
        let help = format!(
            "--batch {most} is the largest that fits, with {}",
            mebibytes(bytes(most))
        );
        assert!(error.help.starts_with(&help), "{error}");
        for part in [
            mebibytes(bytes(128)),
            mebibytes(bytes(most + 1) - 1),
            "voodoo".into(),
        ] {
            assert!(error.what.contains(&part), "{part}: {error}");
        }
    }
    let largest = |batch| compiled(&net, batch).unwrap().plan.largest_buffers()[0].1;
    let error = refusal(&net, 128, largest(100), None);
    assert!(error.help.starts_with("--batch 100 is"), "{error}");
    assert!(error.what.contains("one buffer may have"), "{error}");
    // Kernels count in 32 bits, so that this many images are the most anywhere.
    let error = refusal(&net, 1 << 20, u64::MAX, None);
    let most = u64::from(u32::MAX) / (32 * 32 * 16);
    assert!(
        error.help.starts_with(&format!("--batch {most} is")),
        "{error}"
    );
}

#[test]
fn where_not_even_one_image_fits_that_is_told() {
    let error = refusal(&resnet(), 128, u64::MAX, Some(1 << 20));
    let one = mebibytes(compiled(&resnet(), 1).unwrap().plan.bytes());
    let help = format!("no --batch fits: one of 1 needs {one}; use a smaller model");
    assert!(error.help.starts_with(&help), "{error}");
}

/// Its batch norm refuses a batch of one.
fn flat() -> Net {
    let mut net = Net::new("flat", Shape::features(8));
    let linear = Layer::Linear {
        outputs: 10,
        bias: true,
    };
    net.push("fc", linear).unwrap();
    net.push("bn", Layer::BatchNorm).unwrap();
    net
}

#[test]
fn a_batch_that_is_too_small_is_not_taken_for_one_that_is_too_large() {
    let bytes = |batch| compiled(&flat(), batch).unwrap().plan.bytes();
    for batch in [3, 4, 6] {
        let error = refusal(&flat(), batch, u64::MAX, Some(bytes(2)));
        assert!(error.help.starts_with("--batch 2 is"), "{error}");
        let error = refusal(&flat(), batch, u64::MAX, Some(1));
        let help = format!("no --batch fits: one of 2 needs {}", mebibytes(bytes(2)));
        assert!(error.help.starts_with(&help), "{error}");
    }
}

#[test]
fn what_is_wrong_beside_memory_is_told_first() {
    let net = flat();
    let room = Room {
        device: "voodoo".into(),
        buffer: 0,
        memory: None,
    };
    let error = fit(&room, 1, |batch| compiled(&net, batch)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(error.help.contains("at least 2"), "{error}");
}

#[test]
fn the_program_refuses_what_does_not_fit_and_takes_what_it_says_does() {
    let folder = here();
    let train = "train --model lenet-300-100 --steps 1 --memory 32MiB --out run";
    let parts = [
        "this run needs",
        "its largest buffer, ",
        "there is room for 32.0 MiB",
        "is the largest that fits",
    ];
    let too_many = format!("{train} --batch 6000");
    assert_command_refused(folder.path(), &too_many, 6, &parts);
    let refused = wgprune(folder.path(), &too_many);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "a refused run left files"
    );
    let (_, help) = refused.stderr.split_once("help: --batch ").unwrap();
    let most: u32 = help.split(' ').next().unwrap().parse().unwrap();
    let next = wgprune(folder.path(), &format!("{train} --batch {}", most + 1));
    assert_refused(&next, 6, &parts);
    let run = wgprune(folder.path(), &format!("{train} --json --batch {most}")).json();
    assert!(run["peak_device_bytes"].as_u64().unwrap() <= 32 << 20);

    // Weights and the data set alone need more.
    let parts = ["no --batch fits: one of 1 needs", "smaller model"];
    let args = format!("train {SMALL} --memory 0.5MiB");
    assert_command_refused(folder.path(), &args, 6, &parts);
    let weights = file(small_run(), "final.safetensors");
    let eval = format!("eval {} --model lenet-300-100 --memory", weights.display());
    assert_command_refused(folder.path(), &format!("{eval} 1MiB"), 6, &parts[..1]);
    assert_eq!(
        wgprune(folder.path(), &format!("{eval} 1.5GiB")).code,
        Some(0)
    );
    for size in ["5", "2 apples", "GiB", "1e40GiB"] {
        let args = ["train", "--memory", size];
        let run = program::wgprune_with(folder.path(), &[], &args);
        assert_refused(&run, 2, &["write a size in MiB or GiB"]);
    }
}

/// Here the driver has less than the program was told, so that it is the driver that refuses.
#[cfg(target_os = "linux")]
#[test]
fn memory_that_ends_while_buffers_are_made_is_an_error_like_any_other() {
    let folder = here();
    let devices = wgprune(folder.path(), "devices").stdout;
    if devices.matches("llvmpipe").count() == 0 {
        eprintln!(
            "skipped: llvmpipe is not among the adapters, and others have memory of their own"
        );
        return;
    }
    let files = [
        (
            "train.bin",
            cifar_files::record(&[0, 7], [1; 3]).repeat(100),
        ),
        ("test.bin", cifar_files::record(&[0, 7], [1; 3])),
    ];
    cifar_files::write(&folder.path().join("set"), &files);
    // The run needs 3.1 GiB, and llvmpipe less than one to begin with.
    let train = "train --device llvmpipe --model resnet-50 --data set --batch 100 --memory 1000GiB";
    let output = std::process::Command::new("sh")
        .args([
            "-c",
            "ulimit -v 2000000; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_wgprune"),
        ])
        .args(train.split(' '))
        .current_dir(folder.path())
        .env("NODEVICE_SELECT", "1")
        .output()
        .unwrap();
    let run = program::Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    let parts = [
        "this run needs 3",
        "the device has no room for it",
        "--batch",
    ];
    assert_refused(&run, 6, &parts);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "a refused run left files"
    );
}
