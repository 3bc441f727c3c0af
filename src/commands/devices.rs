//! `wgprune devices`

use super::print;
use crate::cli::DevicesArgs;
use serde_json::json;
use wgprune::error::Result;
use wgprune::gpu::list_adapters;

pub(super) fn run(args: &DevicesArgs) -> Result<()> {
    let list = list_adapters();
    if args.json {
        let lines: Vec<_> = list
            .iter()
            .map(|facts| {
                let mut line = super::adapter_json(facts);
                line["index"] = json!(facts.index);
                line
            })
            .collect();
        print(json!(lines))?;
    } else {
        for facts in &list {
            print(facts.line())?;
        }
        if list.is_empty() {
            log::info!(
                "no adapter; install a GPU driver, or mesa-vulkan-drivers for a software one"
            );
        }
    }
    Ok(())
}
