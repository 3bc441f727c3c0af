//! `wgprune eval`

use super::{open_gpu, print};
use crate::cli::EvalArgs;
use serde_json::json;
use wgprune::config::Config;
use wgprune::error::Result;
use wgprune::net::{self, load};
use wgprune::train::Evaluator;

pub(super) fn run(args: &EvalArgs) -> Result<()> {
    let config = Config::resolve(None, &args.edits())?;
    let dataset = config.data.open()?;
    let net = net::open(&args.model, dataset.input(), dataset.classes)?;
    let weights = load(&args.file, &net.parameters(), &net.name)?;
    let gpu = open_gpu(args.look.device.selector.as_deref())?;
    let score = Evaluator::open(&gpu, &net, &dataset, &config)?.score(&weights)?;
    if args.look.json {
        print(json!({"accuracy": score.accuracy(), "loss": score.loss(), "images": score.images}))?;
    } else {
        print(format!("accuracy  {:.2} %", 100.0 * score.accuracy()))?;
        print(format!("loss      {:.4}", score.loss()))?;
        print(format!("images    {}", score.images))?;
    }
    Ok(())
}
