//! `wgprune show`

use super::{CLASSES, open_net, print};
use crate::cli::ShowArgs;
use serde_json::json;
use wgprune::config::Config;
use wgprune::error::Result;
use wgprune::gpu::{Kept, Tuning, list_adapters, mebibytes};
use wgprune::net::{MODELS, Model, Net, Parameter, Shape, compile};
use wgprune::train::{check_batch, keeping, settings};

pub(super) fn run(args: &ShowArgs) -> Result<()> {
    let Some(model) = &args.model else {
        if args.look.json {
            print(json!(
                MODELS
                    .iter()
                    .map(|model| json!({"model": model.name, "about": model.about}))
                    .collect::<Vec<_>>()
            ))?;
        } else {
            for Model { name, about, .. } in MODELS {
                print(format!("{name:19} {about}"))?;
            }
        }
        return Ok(());
    };
    let batch = ("train.batch".to_owned(), args.look.batch.into());
    let config = Config::resolve(None, &[batch])?;
    let net = open_net(model)?;
    let input = net.input;
    check_batch(&net, config.train.batch)?;
    // How many images there are is not known without opening the data set.
    let settings = settings(&config, input.w, [0; 2]);
    let plan = keeping(&tuning(args)?.into(), None, Kept::All, |choices| {
        compile(&net, &settings, choices)
    })
    .plan;
    let parameters = net.parameters();
    let trainable = parameters.iter().filter(|p| p.is_trainable());
    let total: u32 = trainable.map(Parameter::len).sum();
    let prunable: u32 = parameters
        .iter()
        .filter(|p| p.is_prunable())
        .map(Parameter::len)
        .sum();
    if args.look.json {
        let layers: Vec<_> = layers(&net)
            .into_iter()
            .map(|(name, shape, count)| json!({"name": name, "output": [shape.h, shape.w, shape.c], "parameters": count}))
            .collect();
        let dispatches: serde_json::Map<_, _> = plan
            .phases()
            .iter()
            .map(|phase| (phase.name.to_owned(), phase.dispatches.len().into()))
            .collect();
        let buffers: serde_json::Map<_, _> = plan
            .largest_buffers()
            .into_iter()
            .map(|(name, bytes)| (name.to_owned(), bytes.into()))
            .collect();
        return print(json!({
            "parameters": total,
            "prunable_weights": prunable,
            "macs": net.macs(),
            "layers": layers,
            "batch": args.look.batch,
            "device_bytes": plan.bytes(),
            "buffers": buffers,
            "dispatches": dispatches,
        }));
    }
    print(format!(
        "{} for images of {input} in {CLASSES} classes\n",
        net.name
    ))?;
    let width = net.nodes.iter().map(|node| node.name.len()).max();
    let width = width.unwrap_or(0).max(12);
    print(format!(
        "{:width$} {:>12} {:>12}",
        "layer", "output", "parameters"
    ))?;
    for (name, shape, count) in layers(&net) {
        print(format!(
            "{name:width$} {:>12} {count:>12}",
            shape.to_string()
        ))?;
    }
    print(format!("\nparameters          {total:>12}"))?;
    print(format!("prunable weights    {prunable:>12}"))?;
    print(format!(
        "multiply-adds       {:>12}  for one image",
        net.macs()
    ))?;
    print(format!(
        "\ndevice memory at batch {}, without the data set: {}\nof which the largest buffers:",
        args.look.batch,
        mebibytes(plan.bytes())
    ))?;
    for (name, bytes) in plan.largest_buffers().into_iter().take(5) {
        print(format!("  {name:18} {:>12}", mebibytes(bytes)))?;
    }
    print(format!("\n{plan}"))?;
    Ok(())
}

/// Name, output shape and number of parameters of each layer.
fn layers(net: &Net) -> Vec<(String, Shape, u32)> {
    let parameters = net.parameters();
    let of = |layer: &str| {
        let own = parameters.iter().filter(|p| {
            let name = &p.name;
            p.is_trainable() && name.rsplit_once('.').is_some_and(|(name, _)| name == layer)
        });
        own.map(Parameter::len).sum()
    };
    net.nodes
        .iter()
        .map(|node| (node.name.clone(), node.shape, of(&node.name)))
        .collect()
}

/// The choices for the adapter that a run would take, or those that suit any.
fn tuning(args: &ShowArgs) -> Result<Tuning> {
    if args.look.device.selector.is_none() && list_adapters().is_empty() {
        log::info!("note: no adapter is here, so the plan shows the kernels that run on any");
        return Ok(Tuning::PORTABLE);
    }
    Ok(super::open_gpu(args.look.device.selector.as_deref(), None)?.tuning)
}
