//! `wgprune eval`

use super::{config_with_batch, folder, open_gpu, print};
use crate::cli::EvalArgs;
use serde_json::json;
use wgprune::data;
use wgprune::error::Result;
use wgprune::net::{self, load};
use wgprune::train::Evaluator;

pub(super) fn run(args: &EvalArgs) -> Result<()> {
    let config = config_with_batch(args.look.batch)?;
    let name = args.data.data.as_deref().unwrap_or(&config.data.name);
    let dataset = data::open(
        name,
        folder(args.data.data_root.as_deref().unwrap_or_default()),
    )?;
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
