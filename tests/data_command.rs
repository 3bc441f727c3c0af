//! `wgprune data` as a user meets it.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/program.rs"]
mod program;
#[path = "common/server.rs"]
mod server;

use program::{assert_command_refused, assert_refused, here, wgprune, wgprune_with};
use server::{Server, answer, answer_file, nobody};
use std::fs;
use std::path::Path;
use wgprune::data::{Format, Home, SETS};

/// SHA-256 of the published training images of MNIST.
const TRAIN_IMAGES: &str = "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609";

#[test]
fn the_catalogue_is_complete_and_asks_only_over_https() {
    for entry in SETS {
        let channels = match entry.format {
            Format::Idx => 1,
            Format::Cifar(_) => 3,
        };
        assert_eq!((entry.mean.len(), entry.std.len()), (channels, channels));
        for archive in entry.archives {
            let members = archive.members.iter().map(|member| member.sha256);
            for hash in members.chain([archive.sha256]) {
                let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
                assert!(hash.len() == 64 && hash.chars().all(is_digit), "{hash}");
            }
        }
        if let Home::Mirrors(mirrors) = entry.home {
            assert!(mirrors.len() > 1, "{} has one mirror", entry.name);
            for mirror in mirrors {
                assert!(mirror.starts_with("https://") && mirror.ends_with('/'));
            }
        }
    }
}

#[test]
fn list_says_where_each_set_is() {
    let folder = here();
    let list = wgprune(folder.path(), "data list --data-root sets");
    assert_eq!((list.code, list.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = list.stdout.lines().collect();
    assert!(lines[0].starts_with("mnist-mini") && lines[0].contains("embedded"));
    assert!(lines[1].starts_with("mnist ") && lines[1].contains("not here"));
    assert!(lines[2].contains("60000 + 10000") && lines[2].contains("MIT"));

    fs::create_dir_all(folder.path().join("sets/mnist")).unwrap();
    for (name, place) in [
        ("train-images-idx3-ubyte", "1 of 4 files in sets/mnist"),
        ("train-labels-idx1-ubyte.gz", "2 of 4 files in sets/mnist"),
        ("t10k-images-idx3-ubyte.gz", "3 of 4 files in sets/mnist"),
        ("t10k-labels-idx1-ubyte", "in sets/mnist"),
    ] {
        fs::write(folder.path().join("sets/mnist").join(name), "").unwrap();
        let list = wgprune(folder.path(), "data list --json --data-root sets").json();
        assert_eq!(
            list[1]["place"],
            place.replace('/', std::path::MAIN_SEPARATOR_STR)
        );
    }
}

#[test]
fn the_embedded_set_is_verified_and_needs_no_download() {
    let folder = here();
    let run = wgprune(folder.path(), "data verify mnist-mini");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.stdout.matches("ok, the published archive").count(), 4);
    let run = wgprune(folder.path(), "data get mnist-mini --data-root sets");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("embedded"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn wrong_names_and_urls_are_refused() {
    for (args, parts) in [
        ("data get mnits", ["mnits", "did you mean mnist"]),
        ("data verify digits", ["digits", "fashion-mnist"]),
        (
            "data get mnist --mirror ftp://here",
            ["ftp://here", "https://"],
        ),
        ("data get mnist --mirror http://", ["--mirror", "https://"]),
        ("data get", ["NAME", "data get"]),
    ] {
        assert_command_refused(here().path(), args, 2, &parts);
    }
}

#[test]
fn missing_and_wrong_files_fail_the_check() {
    let folder = here();
    let missing = ["4 of 4 files of mnist", "wgprune data get mnist"];
    let run = wgprune(folder.path(), "data verify mnist --data-root sets");
    assert_eq!(run.code, Some(4));
    assert_eq!(
        run.stdout.matches("  missing\n").count(),
        4,
        "{}",
        run.stdout
    );
    assert!(
        missing.iter().all(|part| run.stderr.contains(part)),
        "{}",
        run.stderr
    );

    fs::create_dir_all(folder.path().join("sets/mnist")).unwrap();
    fs::write(
        folder.path().join("sets/mnist/train-images-idx3-ubyte.gz"),
        "<html>",
    )
    .unwrap();
    let run = wgprune(folder.path(), "data verify mnist --json --data-root sets");
    assert_eq!(run.code, Some(4));
    for part in [TRAIN_IMAGES, "web page", "missing"] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    // What is wrong is not overwritten, and nothing is downloaded beside it.
    let args = format!("data get mnist --data-root sets --mirror {}", nobody());
    let parts = [
        "train-images-idx3-ubyte.gz",
        TRAIN_IMAGES,
        "web page",
        "move",
    ];
    assert_command_refused(folder.path(), &args, 4, &parts);
}

#[test]
fn bad_mirrors_are_refused_with_what_to_do_by_hand() {
    let answering =
        |body: &'static [u8]| Server::start(move |_, stream| answer(stream, "200 OK", body));
    let wrong = answering(b"nonsense");
    let page = answering(b"<html>Please log in.</html>");
    for (mirror, why) in [
        (wrong.url.as_str(), "SHA-256 differs"),
        (&page.url, "looks like a web page, not data"),
        (&nobody(), "refused"),
    ] {
        let folder = here();
        let args = format!("data get mnist --data-root sets --mirror {mirror}");
        let place = Path::new("sets").join("mnist").display().to_string();
        let parts = [
            mirror,
            why,
            &place,
            TRAIN_IMAGES,
            "t10k-labels-idx1-ubyte.gz",
        ];
        assert_command_refused(folder.path(), &args, 4, &parts);
    }
}

#[test]
fn a_root_that_cannot_be_written_is_an_output_error() {
    let folder = here();
    fs::write(folder.path().join("sets"), "a file").unwrap();
    let args = "data get mnist --data-root sets --mirror http://127.0.0.1:1";
    assert_command_refused(folder.path(), args, 8, &["sets", "--data-root"]);
}

#[test]
fn training_without_the_files_names_the_download() {
    let folder = here();
    let parts = ["run `wgprune data get mnist --data-root sets`"];
    assert_command_refused(
        folder.path(),
        "train --data mnist --data-root sets",
        4,
        &parts,
    );
    let run = wgprune_with(
        folder.path(),
        &[("WGPRUNE_DATA", "sets")],
        &["train", "--data", "fashion-mnist"],
    );
    assert_refused(&run, 4, &["run `wgprune data get fashion-mnist` to"]);
}

#[test]
fn all_of_mnist_is_downloaded_checked_and_listed() {
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/mnist");
    if !published.is_dir() {
        eprintln!("skipped: there is no folder {}", published.display());
        return;
    }
    let server = Server::start(move |request, stream| {
        match fs::read(published.join(request.path.trim_start_matches("mnist/"))) {
            Ok(file) => answer_file(stream, &file, request.from),
            Err(_) => answer(stream, "404 Not Found", b""),
        }
    });
    let folder = here();
    let args = format!(
        "data get mnist --data-root sets --mirror {}mnist",
        server.url
    );
    let fetched = wgprune(folder.path(), &format!("{args} --json")).json();
    assert_eq!(fetched["files"].as_array().unwrap().len(), 4);
    assert_eq!(
        fetched["files"][3]["mirror"],
        format!("{}mnist", server.url)
    );
    assert_eq!(server.requests().len(), 4);

    let again = wgprune(folder.path(), &args);
    assert_eq!(again.stdout.matches("was here, and is right").count(), 4);
    assert_eq!(server.requests().len(), 4);

    let checked = wgprune(folder.path(), "data verify mnist --data-root sets --json").json();
    let files = checked["files"].as_array().unwrap();
    assert!(files.len() == 4 && files.iter().all(|file| file["archive"] == true));
    let list = wgprune(folder.path(), "data list --data-root sets").stdout;
    let place = Path::new("sets").join("mnist").display().to_string();
    assert!(list.contains(&format!("  in {place}  ")), "{list}");
    let opened = wgprune::data::open("mnist", Some(&folder.path().join("sets"))).unwrap();
    assert_eq!((opened.train.len(), opened.test.len()), (60_000, 10_000));
}
