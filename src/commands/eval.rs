//! `wgprune eval`

use super::{open_gpu, print};
use crate::cli::EvalArgs;
use serde_json::json;
use wgprune::config::Config;
use wgprune::error::{Error, ErrorKind, Result};
use wgprune::net::{self, encode_logits, load};
use wgprune::train::Evaluator;

pub(super) fn run(args: &EvalArgs) -> Result<()> {
    let config = Config::resolve(None, &args.edits())?;
    let dataset = config.data.open()?;
    let net = net::open(&args.model, dataset.input(), dataset.classes)?;
    let weights = load(&args.file, &net.parameters(), &net.name)?;
    let gpu = open_gpu(args.look.device.selector.as_deref(), args.memory.bytes)?;
    let evaluator = Evaluator::open(&gpu, &net, &dataset, &config)?;
    let score = evaluator.score(&weights)?;
    if let Some(path) = &args.logits {
        let logits = encode_logits(&evaluator.logits(&weights)?, net.classes(), &net.name)?;
        std::fs::write(path, logits).map_err(|error| {
            Error::new(
                ErrorKind::Output,
                format!("cannot write the logits to {}: {error}", path.display()),
                "make room there, check the permissions, or choose another file with --logits FILE",
            )
        })?;
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
