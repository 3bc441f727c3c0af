//! `wgprune eval`

use super::{open_gpu, print};
use crate::cli::EvalArgs;
use serde_json::json;
use std::path::Path;
use wgprune::config::Config;
use wgprune::error::{Error, ErrorKind, Result};
use wgprune::net::{encode_logits, load};
use wgprune::train::Evaluator;

pub(super) fn run(args: &EvalArgs) -> Result<()> {
    if let Some(path) = &args.logits {
        check_new(path)?;
    }
    let config = Config::resolve(None, &args.edits())?;
    let dataset = config.data.open()?;
    let net = config.net(dataset.input(), dataset.classes)?;
    let weights = load(&args.file, &net.parameters(), &net.name)?;
    let gpu = open_gpu(args.look.device.selector.as_deref(), args.memory.bytes)?;
    let evaluator = Evaluator::open(&gpu, &net, &dataset, &config)?;
    let score = evaluator.score(&weights)?;
    if let Some(path) = &args.logits {
        let logits = encode_logits(&evaluator.logits(&weights)?, net.classes(), &net.name)?;
        std::fs::write(path, logits).map_err(|error| unwritable(path, &error.to_string()))?;
    }
    if args.look.json {
        print(json!({"accuracy": score.accuracy(), "loss": score.loss(), "images": score.images}))?;
    } else {
        print(format!("accuracy  {:.2} %", 100.0 * score.accuracy()))?;
        print(format!("loss      {:.4}", score.loss()))?;
        print(format!("images    {}", score.images))?;
    }
    Ok(())
}

/// Refuses, before any work, a file that is there already, such as the weights, or a folder that is not.
fn check_new(path: &Path) -> Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if path.exists() {
        return Err(unwritable(path, "it exists already"));
    }
    match folder {
        Some(folder) if !folder.is_dir() => {
            let why = format!("there is no folder {}", folder.display());
            Err(unwritable(path, &why))
        }
        _ => Ok(()),
    }
}

fn unwritable(path: &Path, why: &str) -> Error {
    Error::new(
        ErrorKind::Output,
        format!("cannot write the logits to {}: {why}", path.display()),
        "choose another file with --logits FILE, in a folder that is there and has room",
    )
}
