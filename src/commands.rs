//! What each command does. Results go to standard output, everything else to standard error.

mod autos;
mod bench;
mod compare;
mod completions;
mod data;
mod devices;
mod eval;
mod man;
mod methods;
mod named;
mod recipes;
mod selftest;
mod show;
mod sweep;
mod train;

use crate::cli::{Cli, Command};
use serde_json::{Value, json};
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;
use wgprune::error::{Error, ErrorKind, Result};
use wgprune::gpu::{AdapterFacts, Gpu, Options};
use wgprune::net::{self, Net, Network, Shape};

/// Runs the command; `start` is when the process began.
pub(crate) fn run(cli: Cli, start: Instant) -> Result<()> {
    match cli.command {
        Command::Train(args) => train::run(&args, cli.quiet, start),
        Command::Eval(args) => eval::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Devices(args) => devices::run(&args),
        Command::Selftest(args) => selftest::run(&args, start),
        Command::Bench(command) => bench::run(&command, start),
        Command::Data(command) => data::run(&command, cli.quiet),
        Command::Sweep(args) => sweep::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Autos(args) => autos::run(&args),
        Command::Methods(args) => methods::run(&args),
        Command::Recipes(args) => recipes::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

/// Prints a line of a result. A reader that went away (`| head`) is no failure of ours; a full disk is.
fn print(text: impl Display) -> Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::new(
            ErrorKind::Output,
            format!("cannot write the result to standard output: {error}"),
            "make room there, or send it elsewhere",
        )),
        _ => Ok(()),
    }
}

/// Opens the adapter, and says which. What it loads may have so many bytes of `memory`.
fn open_gpu(selector: Option<&str>, memory: Option<u64>) -> Result<Arc<Gpu>> {
    open(Options {
        selector: selector.map(str::to_owned),
        memory,
        ..Options::default()
    })
}

/// The same with other options.
fn open(options: Options) -> Result<Arc<Gpu>> {
    let gpu = Gpu::open(options)?;
    let AdapterFacts {
        name,
        backend,
        driver,
        ..
    } = &gpu.adapter;
    log::info!("adapter: {name} ({backend}, {driver})");
    if gpu.adapter.device_type == "cpu" {
        log::info!(
            "note: this is a software adapter; it computes on the CPU and is far slower than a GPU"
        );
    }
    log::debug!("tuning: {:?}", gpu.tuning);
    Ok(Arc::new(gpu))
}

/// What MNIST and CIFAR-10 have.
const CLASSES: u32 = 10;

/// A network without data: for the images that it was published for, or that its file names.
fn open_net(model: &str) -> Result<Net> {
    if !net::is_file(model) {
        return net::by_name(model, net::model(model)?.input, CLASSES);
    }
    let (name, network) = Network::read(model)?;
    let [h, w, c] = network.input.unwrap_or([32, 32, 3]);
    network.build(&name, Shape { h, w, c }, CLASSES)
}

/// The adapter as JSON results name it.
fn adapter_json(adapter: &AdapterFacts) -> Value {
    let AdapterFacts {
        name,
        backend,
        driver,
        device_type,
        ..
    } = adapter;
    json!({"name": name, "backend": backend, "driver": driver, "device_type": device_type})
}

/// An error as results name it.
pub(crate) fn error_json(error: &Error) -> Value {
    json!({"code": error.kind.exit_code(), "what": error.what, "help": error.help})
}
