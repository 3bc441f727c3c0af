//! Downloads from servers that are well, and from those that are not.

#![allow(clippy::unwrap_used, reason = "a failed test should panic")]

#[path = "common/server.rs"]
mod server;
#[path = "common/small_set.rs"]
mod small_set;

use flate2::Compression;
use server::{Server, answer, answer_file, head, nobody, send};
use small_set::{FILE, LENGTH, PART, Set, gzip, sha256};
use std::fs;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use wgprune::data::{self, Event, Options, State};
use wgprune::error::ErrorKind;

/// The archive that sets of this length have.
fn archive() -> Vec<u8> {
    Set::new(LENGTH, &[]).archive
}

/// Answers every request properly.
fn good() -> Server {
    let file = archive();
    Server::start(move |request, stream| answer_file(stream, &file, request.from))
}

/// Answers every request with these bytes.
fn always(status: &'static str, body: Vec<u8>) -> Server {
    Server::start(move |_, stream| answer(stream, status, &body))
}

/// Where each request wanted to begin.
fn froms(server: &Server) -> Vec<Option<usize>> {
    server.requests().iter().map(|r| r.from).collect()
}

#[test]
fn what_is_missing_is_downloaded_and_what_is_right_is_kept() {
    let server = good();
    let set = Set::at(&server);
    let fetched = set.get().unwrap();
    assert_eq!(fetched[0].path, set.path(FILE));
    assert_eq!(fetched[0].mirror.as_ref(), Some(&server.url));
    set.assert_here();
    assert_eq!(server.requests()[0].path, FILE);
    let found = data::verify(&set.entry, set.root.path()).unwrap();
    assert_eq!(found[0].state, State::Archive);

    assert_eq!(set.get().unwrap()[0].mirror, None);
    assert_eq!(server.requests().len(), 1, "it was downloaded again");
}

#[test]
fn content_that_is_here_in_another_form_is_kept() {
    let server = good();
    for (name, repack) in [("numbers", false), (FILE, true), ("numbers", true)] {
        let set = Set::at(&server);
        let packed = gzip(&set.content, Compression::best());
        assert_ne!(packed, set.archive);
        set.put(name, if repack { &packed } else { &set.content });
        assert_eq!(set.get().unwrap()[0].path, set.path(name));
        let found = data::verify(&set.entry, set.root.path()).unwrap();
        assert_eq!(found[0].state, State::Content);
    }
    assert_eq!(server.requests(), []);
}

#[test]
fn a_wrong_file_is_neither_used_nor_overwritten() {
    let server = good();
    for name in ["numbers", FILE] {
        let set = Set::at(&server);
        set.put(name, b"something else");
        let error = set.get().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Data);
        let path = set.path(name);
        for part in [path.to_str().unwrap(), sha256(b"something else"), "move"] {
            assert!(error.to_string().contains(part), "{error}");
        }
        assert_eq!(fs::read(path).unwrap(), b"something else");
    }
    assert_eq!(server.requests(), []);
}

#[test]
fn a_broken_download_goes_on_where_it_stopped() {
    let file = archive();
    let half = file.len() / 2;
    let breaking = file.clone();
    // Without a range, the connection ends after half of what was announced.
    let server = Server::start(move |request, stream| match request.from {
        Some(_) => answer_file(stream, &breaking, request.from),
        None => {
            let length = format!("Content-Length: {}", breaking.len());
            head(stream, "200 OK", &[length]);
            send(stream, &breaking[..half]);
        }
    });
    let set = Set::at(&server);
    let progress = format!("broke off after {half} of {} bytes", file.len());
    set.assert_fails(ErrorKind::Data, &[FILE, &progress]);
    assert_eq!(fs::read(set.path(PART)).unwrap(), file[..half]);
    set.get().unwrap();
    set.assert_here();
    assert_eq!(froms(&server), [None, Some(half)]);

    let next = good();
    let set = Set::new(LENGTH, &[&server.url, &next.url]);
    assert_eq!(set.get().unwrap()[0].mirror.as_ref(), Some(&next.url));
    set.assert_here();
    assert_eq!(froms(&next), [Some(half)]);
}

#[test]
fn a_server_may_ignore_the_range() {
    let file = archive();
    let server = always("200 OK", file.clone());
    let set = Set::at(&server);
    set.put(PART, &file[..1000]);
    set.get().unwrap();
    set.assert_here();
    assert_eq!(froms(&server), [Some(1000)]);
}

#[test]
fn a_part_that_is_garbage_costs_no_more_than_a_new_request() {
    let file = archive();
    let wrong = vec![7; file.len()];
    let too_long = [file.as_slice(), &[0]].concat();
    for (part, expected) in [
        (&wrong[..1000], vec![Some(1000), None]),
        (&wrong, vec![None]),
        (&too_long, vec![None]),
        (&file, vec![]),
    ] {
        let server = good();
        let set = Set::at(&server);
        set.put(PART, part);
        set.get().unwrap();
        set.assert_here();
        assert_eq!(froms(&server), expected);
    }
}

#[test]
fn a_range_that_is_refused_or_misunderstood_is_asked_for_as_a_whole() {
    for status in ["416 Range Not Satisfiable", "206 Partial"] {
        let file = archive();
        let server = Server::start(move |request, stream| match request.from {
            None => answer_file(stream, &file, None),
            Some(_) if status.starts_with("416") => answer(stream, status, b""),
            Some(_) => answer_file(stream, &file, Some(5)),
        });
        let set = Set::at(&server);
        set.put(PART, &set.archive[..1000]);
        set.get().unwrap();
        set.assert_here();
        assert_eq!(froms(&server), [Some(1000), None]);
    }
}

#[test]
fn wrong_bytes_are_named_with_both_hashes() {
    let mut wrong = archive();
    wrong[1000] ^= 1;
    let (wanted, got) = (sha256(&archive()), sha256(&wrong));
    let set = Set::at(&always("200 OK", wrong));
    let parts = [FILE, "SHA-256 differs", wanted, got];
    set.assert_fails(ErrorKind::Data, &parts);
    assert!(!set.path(PART).exists());
    assert!(!set.get().unwrap_err().what.contains("web page"));
}

#[test]
fn a_web_page_is_called_so() {
    let page = b"<!DOCTYPE html><title>Log in</title>";
    let set = Set::at(&always("200 OK", page.to_vec()));
    let parts = [FILE, sha256(page), "looks like a web page, not data"];
    set.assert_fails(ErrorKind::Data, &parts);
    assert!(!set.path(PART).exists());
}

#[test]
fn no_more_is_read_than_the_archive_has() {
    let (sender, receiver) = mpsc::channel();
    let endless = Server::start(move |_, stream| {
        head(stream, "200 OK", &[]);
        let page = [b' '; 1 << 16];
        let sent = (0..1000).take_while(|_| send(stream, &page)).count();
        sender.send(sent).unwrap();
    });
    let set = Set::at(&endless);
    set.assert_fails(ErrorKind::Data, &["SHA-256 differs"]);
    assert!(receiver.recv().unwrap() < 1000, "it was read to its end");

    // The bytes that count are right, and the others are not looked at.
    let longer = [archive().as_slice(), &[0; 5000]].concat();
    let set = Set::at(&always("200 OK", longer));
    set.get().unwrap();
    set.assert_here();
}

#[test]
fn slow_servers_are_given_up() {
    const PATIENCE: Duration = Duration::from_millis(300);
    let silent = Server::start(|_, _| thread::sleep(4 * PATIENCE));
    let stalling = Server::start(|_, stream| {
        head(stream, "200 OK", &["Content-Length: 9000".into()]);
        send(stream, &[0; 100]);
        thread::sleep(4 * PATIENCE);
    });
    // Each byte comes in time, but all of them would not.
    let dripping = Server::start(|_, stream| {
        head(stream, "200 OK", &["Content-Length: 1000".into()]);
        while send(stream, b".") {
            thread::sleep(PATIENCE / 10);
        }
    });
    for (server, why) in [
        (silent, "sent nothing for 0.3 s"),
        (stalling, "after 100 of"),
        (dripping, "bytes a second"),
    ] {
        let mut set = Set::new(1000, &[&server.url]);
        set.patience = PATIENCE;
        set.assert_fails(ErrorKind::Data, &["too slow", why]);
    }
}

#[test]
fn redirects_are_followed_but_not_forever() {
    let target = good();
    let location = format!("Location: {}{FILE}", target.url);
    let redirect = Server::start(move |_, stream| {
        let length = "Content-Length: 0".to_owned();
        head(stream, "302 Found", &[location.clone(), length]);
    });
    let set = Set::at(&redirect);
    set.put(PART, &set.archive[..1000]);
    set.get().unwrap();
    set.assert_here();
    assert_eq!(froms(&target), [Some(1000)]);

    let circle = Server::start(|_, stream| {
        let lines = [format!("Location: /{FILE}"), "Content-Length: 0".into()];
        head(stream, "302 Found", &lines);
    });
    let set = Set::at(&circle);
    set.assert_fails(ErrorKind::Data, &["redirected more than 5 times"]);
    assert!(circle.requests().len() < 10);
}

#[test]
fn the_next_mirror_is_asked_and_all_are_named_in_the_end() {
    let (missing, busy) = (
        always("404 Not Found", Vec::new()),
        always("503 Busy", Vec::new()),
    );
    let (closed, server) = (nobody(), good());
    let set = Set::new(LENGTH, &[&missing.url, &busy.url, &closed, &server.url]);
    let mut failed = Vec::new();
    let fetched = data::get(
        &set.entry,
        set.root.path(),
        &Options::default(),
        &mut |event| {
            if let Event::Failed(mirror, _) = event {
                failed.push(mirror.to_owned());
            }
        },
    );
    assert_eq!(fetched.unwrap()[0].mirror.as_ref(), Some(&server.url));
    assert_eq!(failed, [&*missing.url, &busy.url, &closed]);

    let set = Set::new(LENGTH, &[&missing.url, &busy.url, &closed]);
    let folder = set.root.path().join("small");
    let parts = [
        &format!("{}: answered with HTTP status 404", missing.url),
        &format!("{}: answered with HTTP status 503", busy.url),
        &format!("{closed}: "),
        "--mirror",
        folder.to_str().unwrap(),
        &format!(
            "{FILE}  {} bytes  SHA-256 {}",
            set.archive.len(),
            sha256(&set.archive)
        ),
    ];
    set.assert_fails(ErrorKind::Data, &parts);
    assert!(!set.path(PART).exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_an_output_error() {
    let set = Set::at(&good());
    fs::write(set.root.path().join("small"), "a file").unwrap();
    set.assert_fails(ErrorKind::Output, &["small", "--data-root"]);

    let set = Set::at(&good());
    fs::create_dir_all(set.path(PART)).unwrap();
    set.assert_fails(ErrorKind::Output, &[PART, "--data-root"]);
}

#[test]
fn of_two_downloads_at_once_the_second_waits_for_the_first() {
    let file = archive();
    let server = Server::start(move |request, stream| {
        thread::sleep(Duration::from_millis(100));
        answer_file(stream, &file, request.from);
    });
    let set = Set::at(&server);
    thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| set.get()));
        for one in both {
            assert_eq!(one.join().unwrap().unwrap()[0].path, set.path(FILE));
        }
    });
    set.assert_here();
    assert_eq!(server.requests().len(), 1);
}
