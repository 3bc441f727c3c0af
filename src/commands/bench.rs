//! `wgprune bench`

mod choose;
mod compare;
mod report;
mod variant;
mod write;

use super::{adapter_json, open_gpu, open_net};
use crate::cli::{BenchCommand, KernelArgs, LaunchArgs, ModelArgs, PeakArgs, WhatArgs};
use compare::Base;
use report::{Report, Table, Times, millis};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use variant::{Variant, default_kind, variants};
use wgprune::bench::{LaunchTime, Peak, launches, median, model, peak};
use wgprune::config::Config;
use wgprune::error::Result;
use wgprune::gpu::{Gpu, Kept, mebibytes};
use wgprune::net::Net;
use write::{Writer, Written};

pub(super) fn run(command: &BenchCommand, start: Instant) -> Result<()> {
    let tell = command.tell();
    // Read first, so that a wrong file is found before minutes of measuring.
    let base = tell.compare.as_deref().map(Base::read).transpose()?;
    let report = match command {
        BenchCommand::Peak(args) => run_peak(args)?,
        BenchCommand::Kernel(args) => run_kernel(args)?,
        BenchCommand::Layer(args) => run_layer(args)?,
        BenchCommand::Model(args) => run_model(args, start)?,
    };
    report.tell(tell, base.as_ref())
}

/// The adapter, the network and the configuration that the flags name.
fn open(args: &WhatArgs) -> Result<(Arc<Gpu>, Net, Config)> {
    let config = Config::resolve(None, &args.edits())?;
    let net = config.fit(open_net(&config.model)?)?;
    let gpu = open_gpu(args.tell.device.selector.as_deref(), args.memory.bytes)?;
    Ok((gpu, net, config))
}

fn title(net: &Net, config: &Config, gpu: &Gpu) -> String {
    let batch = config.train.batch;
    format!("{}, {batch} images a step, on {}", net.name, place(gpu))
}

fn place(gpu: &Gpu) -> String {
    let adapter = &gpu.adapter;
    format!("{} ({}, {})", adapter.name, adapter.backend, adapter.driver)
}

/// 10^9 of something.
fn giga(number: f64) -> String {
    format!("{:.1}", number / 1e9)
}

fn run_peak(PeakArgs { tell }: &PeakArgs) -> Result<Report> {
    let gpu = open_gpu(tell.device.selector.as_deref(), None)?;
    let peak = peak(&gpu)?;
    let mut table = Table::new(&["ceiling", "figure", "unit"]);
    let mut times = Times::default();
    for &(sums, flops) in &peak.flops {
        let name = format!("multiply-add, {sums} vectors");
        table.push([name.clone(), giga(flops), "GFLOP/s".into()]);
        times.push(format!("10^9 of {name}"), 1e9 / flops);
    }
    let rows = [
        ("copy", giga(peak.bytes), "GB/s", 1e9 / peak.bytes),
        (
            "launch",
            format!("{:.1}", 1e6 * peak.launch),
            "us",
            peak.launch,
        ),
    ];
    for (name, figure, unit, seconds) in rows {
        table.push([name.into(), figure, unit.into()]);
        times.push(name.into(), seconds);
    }
    Ok(Report {
        title: place(&gpu),
        table,
        foot: Vec::new(),
        times,
        json: json!({
            "bench": "peak",
            "flops_per_second": peak.best_flops(),
            "flops_per_second_by_vectors": peak.flops,
            "bytes_per_second": peak.bytes,
            "launch_seconds": peak.launch,
            "adapter": adapter_json(&gpu.adapter),
        }),
    })
}

/// What a launch reaches of the nearer of both ceilings.
fn share(row: &LaunchTime, peak: &Peak) -> f64 {
    let seconds = median(&row.seconds);
    let flops = row.flops as f64 / seconds / peak.best_flops();
    flops.max(row.bytes as f64 / seconds / peak.bytes)
}

fn run_kernel(args: &KernelArgs) -> Result<Report> {
    let KernelArgs {
        launch: LaunchArgs { what, repeats },
        write_tuning,
    } = args;
    let (gpu, net, config) = open(what)?;
    let writer = (write_tuning.as_deref()).map(|path| Writer::open(path, &config));
    let writer = writer.transpose()?;
    let peak = peak(&gpu)?;
    let mut table = Table::new(&[
        "variant",
        "phase",
        "layer",
        "kernel",
        "ms",
        "spread",
        "device ms",
        "GFLOP/s",
        "GB/s",
        "of ceilings",
    ]);
    let (mut times, mut rows, mut untrusted) = (Times::default(), Vec::new(), 0);
    // What a file decides shall not depend on the memory that there was when it was measured.
    let most = match writer {
        Some(_) => Kept::Nothing,
        None => Kept::All,
    };
    let variants = variants(&gpu, &net, &config, *repeats, most)?;
    let written = writer.map(|writer| writer.write(&gpu.adapter, default_kind(&gpu), &variants));
    let written = written.transpose()?;
    let all = variants
        .into_iter()
        .flat_map(|Variant { name, launches, .. }| {
            let rows = launches.into_iter();
            rows.map(move |row| (name.clone(), row))
        });
    for (variant, row) in all {
        let seconds = median(&row.seconds);
        let spread = row.seconds.iter().map(|time| (time - seconds).abs());
        let spread = median(&spread.collect::<Vec<f64>>());
        let of_ceilings = share(&row, &peak);
        let stamps_agree = row.stamps_agree();
        untrusted += usize::from(row.device_seconds.is_some() && !stamps_agree);
        let LaunchTime {
            phase,
            layer,
            kernel,
            flops,
            bytes,
            device_seconds,
            ..
        } = row;
        times.push(format!("{variant}: {phase} {layer} {kernel}"), seconds);
        rows.push(json!({
            "variant": variant,
            "phase": phase,
            "layer": layer,
            "kernel": kernel,
            "seconds": seconds,
            "spread_seconds": spread,
            "device_seconds": device_seconds,
            "device_seconds_trusted": stamps_agree,
            "flops": flops,
            "bytes": bytes,
            "share_of_ceilings": of_ceilings,
        }));
        let speed = match flops {
            0 => String::new(),
            flops => giga(flops as f64 / seconds),
        };
        table.push([
            variant,
            phase.into(),
            layer,
            kernel,
            millis(seconds),
            format!("{:.0} %", 100.0 * spread / seconds),
            device_seconds.map_or_else(String::new, |device| {
                let mark = if stamps_agree { "" } else { " ?" };
                format!("{}{mark}", millis(device))
            }),
            speed,
            giga(bytes as f64 / seconds),
            format!("{:.0} %", 100.0 * of_ceilings),
        ]);
    }
    let [flops, bytes] = [peak.best_flops(), peak.bytes];
    let mut foot = vec![
        format!("ceilings: {} GFLOP/s, {} GB/s", giga(flops), giga(bytes)),
        "each launch alone, with the cost of a submission; device ms is by its own time stamps"
            .into(),
    ];
    if untrusted > 0 {
        foot.push(format!(
            "{untrusted} of these, marked ?, disagree with the wall clock: do not trust them"
        ));
    }
    if most == Kept::Nothing {
        let line = "nothing is kept from forwards to backwards, as where memory is short";
        foot.push(line.into());
    }
    foot.extend(written.as_ref().map(Written::line));
    Ok(Report {
        title: title(&net, &config, &gpu),
        table,
        foot,
        times,
        json: json!({
            "bench": "kernel",
            "model": net.name,
            "batch": config.train.batch,
            "peak_flops_per_second": flops,
            "peak_bytes_per_second": bytes,
            "kernels": rows,
            "tuning": written.as_ref().map(Written::json),
            "adapter": adapter_json(&gpu.adapter),
        }),
    })
}

/// Operations of a layer for a batch in one phase, as the plain sum has them; 0 for layers that have no weights.
fn operations(net: &Net, layer: &str, phase: &str, batch: u32) -> u64 {
    let Some(i) = net.nodes.iter().position(|node| node.name == layer) else {
        return 0;
    };
    // Backwards there are two sums of as many products, but for a layer that reads the image, which has no gradient.
    let sums = match phase {
        "backward" if net.origin(net.nodes[i].reads) > 0 => 2,
        _ => 1,
    };
    2 * sums * net.macs_of(i) * u64::from(batch)
}

fn run_layer(args: &LaunchArgs) -> Result<Report> {
    let (gpu, net, config) = open(&args.what)?;
    let rows = launches(&gpu, &net, &config, args.repeats, Kept::All)?;
    let sum = |rows: &[LaunchTime]| rows.iter().map(|row| median(&row.seconds)).sum::<f64>();
    let total = sum(&rows);
    let mut table = Table::new(&["phase", "layer", "ms", "share", "GFLOP/s"]);
    let (mut times, mut layers): (_, Vec<Value>) = (Times::default(), Vec::new());
    for group in rows.chunk_by(|a, b| (a.phase, &a.layer) == (b.phase, &b.layer)) {
        let LaunchTime { phase, layer, .. } = &group[0];
        let seconds = sum(group);
        let flops = operations(&net, layer, phase, config.train.batch) as f64 / seconds;
        table.push([
            (*phase).into(),
            layer.clone(),
            millis(seconds),
            format!("{:.1} %", 100.0 * seconds / total),
            if flops > 0.0 {
                giga(flops)
            } else {
                String::new()
            },
        ]);
        layers.push(json!({
            "phase": phase,
            "layer": layer,
            "seconds": seconds,
            "flops_per_second": flops,
            "kernels": group.iter().map(|row| &row.kernel).collect::<Vec<_>>(),
        }));
        times.push(format!("{phase} {layer}"), seconds);
    }
    Ok(Report {
        title: title(&net, &config, &gpu),
        table,
        foot: vec![
            format!("sum {} ms, each launch alone", millis(total)),
            "GFLOP/s counts what the plain sums take, whichever way they are computed".into(),
        ],
        times,
        json: json!({
            "bench": "layer",
            "model": net.name,
            "batch": config.train.batch,
            "seconds": total,
            "layers": layers,
            "adapter": adapter_json(&gpu.adapter),
        }),
    })
}

fn run_model(args: &ModelArgs, start: Instant) -> Result<Report> {
    let (gpu, net, config) = open(&args.what)?;
    let length = Duration::from_secs_f64(args.seconds);
    let times = model(&gpu, &net, &config, length)?;
    let first = (times.first - start).as_secs_f64();
    let step = median(&times.steps);
    let fastest = times.steps.iter().copied().fold(f64::INFINITY, f64::min);
    let update = median(&times.updates);
    let mut compared = Times::default();
    compared.push("step".into(), step);
    compared.push("mask update".into(), update);
    let batch = config.train.batch;
    let speed = f64::from(batch) / step;
    let mut table = Table::new(&["what", "figure", "unit"]);
    for (name, figure, unit) in [
        ("speed", format!("{speed:.1}"), "training images a second"),
        ("step, median", millis(step), "ms"),
        ("step, fastest", millis(fastest), "ms"),
        ("mask update", millis(update), "ms"),
        ("the same", format!("{:.2}", update / step), "steps"),
        ("first step", format!("{first:.2}"), "s after the start"),
        (
            "memory",
            mebibytes(times.device_bytes),
            "all buffers, with five batches of images",
        ),
    ] {
        table.push([name.into(), figure, unit.into()]);
    }
    Ok(Report {
        title: title(&net, &config, &gpu),
        table,
        foot: vec![format!("{} steps were counted", times.steps.len())],
        times: compared,
        json: json!({
            "bench": "model",
            "model": net.name,
            "batch": batch,
            "images_per_second": speed,
            "steps": times.steps.len(),
            "step_seconds": step,
            "fastest_step_seconds": fastest,
            "mask_update_seconds": update,
            "first_step_seconds": first,
            "peak_device_bytes": times.device_bytes,
            "adapter": adapter_json(&gpu.adapter),
        }),
    })
}
