//! `wgprune data`

use super::print;
use crate::cli::{DataCommand, GetArgs, PlaceArgs, VerifyArgs};
use crate::progress::Download;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use wgprune::data::{self, Entry, Home, SETS, State};
use wgprune::error::{Error, Result};
use wgprune::gpu::mebibytes;

pub(super) fn run(command: &DataCommand, quiet: bool) -> Result<()> {
    match command {
        DataCommand::List(args) => list(args),
        DataCommand::Get(args) => get(args, quiet),
        DataCommand::Verify(args) => verify(args),
    }
}

fn list(args: &PlaceArgs) -> Result<()> {
    let root = root(args)?;
    let mut lines = Vec::new();
    for entry in SETS {
        let Entry {
            name,
            images: [train, test],
            terms,
            ..
        } = entry;
        let place = place(entry, &root);
        if args.json {
            lines.push(json!({
                "name": name, "train_images": train, "test_images": test,
                "bytes": entry.bytes(), "place": place, "terms": terms,
            }));
        } else {
            print(format!(
                "{name:16} {train:>6} + {test:>5} images  {:>9}  {place}  ({terms})",
                mebibytes(entry.bytes()),
            ))?;
        }
    }
    if args.json {
        print(json!(lines))
    } else {
        Ok(())
    }
}

/// Where a set is, without looking into its files.
fn place(entry: &Entry, root: &Path) -> String {
    if let Home::Embedded(_) = entry.home {
        return "embedded".into();
    }
    let folders = data::present(entry, root);
    let all = entry.archives.len();
    match folders.first() {
        None => "not here".into(),
        Some(folder) if folders.len() == all => format!("in {}", folder.display()),
        Some(folder) => format!("{} of {all} files in {}", folders.len(), folder.display()),
    }
}

fn get(args: &GetArgs, quiet: bool) -> Result<()> {
    let entry = data::find(&args.name)?;
    let root = root(&args.place)?;
    let options = data::Options {
        mirror: args.mirror.clone(),
        ..data::Options::default()
    };
    let download = Download::new(quiet);
    let fetched = data::get(entry, &root, &options, &mut |event| download.show(event));
    download.finish();
    let fetched = fetched?;
    if args.place.json {
        let files: Vec<Value> = fetched
            .iter()
            .map(|file| json!({"path": file.path.to_string_lossy(), "mirror": file.mirror}))
            .collect();
        return print(json!({"name": entry.name, "files": files}));
    }
    for file in &fetched {
        let how = match &file.mirror {
            Some(mirror) => format!("downloaded from {mirror}"),
            None => "was here, and is right".into(),
        };
        print(format!("{}  {how}", file.path.display()))?;
    }
    if let Home::Embedded(_) = entry.home {
        print(format!("{} is embedded in the program", entry.name))?;
    }
    Ok(())
}

fn verify(args: &VerifyArgs) -> Result<()> {
    let entry = data::find(&args.name)?;
    let root = root(&args.place)?;
    let found = data::verify(entry, &root)?;
    let line = |file: &data::Found| format!("{}  {}", file.path.display(), file.state);
    if !args.place.json {
        for file in &found {
            print(line(file))?;
        }
    }
    let bad: Vec<_> = found.iter().filter(|file| !file.state.is_right()).collect();
    if bad.is_empty() {
        if args.place.json {
            let files: Vec<Value> = found
                .iter()
                .map(|file| {
                    let is_archive = file.state == State::Archive;
                    json!({"path": file.path.to_string_lossy(), "archive": is_archive})
                })
                .collect();
            print(json!({"name": entry.name, "files": files}))?;
        }
        return Ok(());
    }
    let summary = format!(
        "{} of {} files of {} are wrong or missing",
        bad.len(),
        found.len(),
        entry.name
    );
    let lines: Vec<_> = bad.into_iter().map(line).collect();
    Err(Error::data(
        // Elsewhere the lines are on standard output already.
        if args.place.json {
            format!("{summary}:\n    {}", lines.join("\n    "))
        } else {
            summary
        },
        format!(
            "move wrong files away, and run `wgprune data get {}` to download what is missing",
            entry.name
        ),
    ))
}

fn root(args: &PlaceArgs) -> Result<PathBuf> {
    let root = args.data_root.as_deref().filter(|root| !root.is_empty());
    data::root(root.map(Path::new))
}
