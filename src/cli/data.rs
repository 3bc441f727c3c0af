//! The flags of `wgprune data`.

use super::examples;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// The named sets: size, where they are, and terms
    List(PlaceArgs),
    /// Download what is missing of a set; goes on where a download stopped
    #[command(after_help = examples::DATA_GET)]
    Get(GetArgs),
    /// Compare the files of a set with what was published
    Verify(VerifyArgs),
}

impl DataCommand {
    pub(super) fn wants_json(&self) -> bool {
        match self {
            Self::List(place) => place.json,
            Self::Get(args) => args.place.json,
            Self::Verify(args) => args.place.json,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// Folder that holds the named sets; `get` creates it
    #[arg(long, value_name = "DIR")]
    pub(crate) data_root: Option<String>,
    /// Print the result as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Data set, as `wgprune data list` names it
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Folder on the web to ask instead of the known ones; SHA-256 is compared all the same
    #[arg(long, value_name = "URL", value_parser = mirror)]
    pub(crate) mirror: Option<String>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Data set, as `wgprune data list` names it
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

fn mirror(text: &str) -> Result<String, String> {
    let is_web = ["https://", "http://"]
        .iter()
        .any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
    if is_web {
        Ok(text.to_owned())
    } else {
        Err("write a URL that begins with https:// or http://".to_owned())
    }
}
