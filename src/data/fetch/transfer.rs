//! One archive over HTTP: into a `.part` file, which becomes the archive once its hash is right.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use ureq::http::header::{CONTENT_RANGE, RANGE};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body, http};

use super::{Event, unwritable};
use crate::data::catalogue::Archive;
use crate::data::verify::compare_bytes;
use crate::error::{Error, Result};

/// Redirects followed, one after the other.
const MOST_REDIRECTS: u32 = 5;

/// A server that keeps to the patience but sends fewer bytes a second than this is given up all the same.
const SLOWEST: u64 = 2_000;

/// Why one attempt failed.
enum Failure {
    /// A file could not be written; no other mirror helps.
    Own(Error),
    /// What came so far may be right, and the rest may come from elsewhere.
    Broken(String),
    /// What came is wrong, or does not fit what was here; nothing of it was kept.
    Unfit(String),
}

type Attempt = std::result::Result<(), Failure>;

/// Asks mirrors for archives.
pub(super) struct Client {
    agent: Agent,
    patience: Duration,
}

impl Client {
    pub(super) fn new(patience: Duration) -> Self {
        let config = Agent::config_builder()
            .user_agent(concat!("wgprune/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls())
            .max_redirects(MOST_REDIRECTS)
            .timeout_resolve(Some(patience))
            .timeout_connect(Some(patience))
            .timeout_recv_response(Some(patience))
            .timeout_per_read(Some(patience));
        Self {
            agent: config.build().new_agent(),
            patience,
        }
    }

    /// Downloads `archive` to `path` from the first of `mirrors` that has it, and gives its index; or what each said.
    pub(super) fn download(
        &self,
        archive: &Archive,
        mirrors: &[&str],
        path: &Path,
        watch: &mut dyn FnMut(Event),
    ) -> Result<std::result::Result<usize, Vec<String>>> {
        let part_path = path.with_added_extension("part");
        let mut part = Part {
            file: File::options()
                .create(true)
                .truncate(false)
                .read(true)
                .write(true)
                .open(&part_path)
                .map_err(|e| unwritable(&part_path, &e))?,
            path: &part_path,
            archive,
        };
        let mut answers = Vec::new();
        for (i, mirror) in mirrors.iter().enumerate() {
            match self.ask(&mut part, mirror, watch) {
                Ok(()) => {
                    part.finish(path)?;
                    return Ok(Ok(i));
                }
                Err(Failure::Own(error)) => return Err(error),
                Err(Failure::Broken(why) | Failure::Unfit(why)) => {
                    if i + 1 < mirrors.len() {
                        watch(Event::Failed(mirror, &why));
                    }
                    answers.push(format!("{mirror}: {why}"));
                }
            }
        }
        if part.length()? == 0 {
            fs::remove_file(&part_path).map_err(|e| unwritable(&part_path, &e))?;
        }
        Ok(Err(answers))
    }

    fn ask(&self, part: &mut Part, mirror: &str, watch: &mut dyn FnMut(Event)) -> Attempt {
        let had = part.length()?;
        match self.attempt(part, mirror, had, watch) {
            // What was here before may be at fault, so the mirror gets a chance of its own.
            Err(Failure::Unfit(_)) if had > 0 => self.attempt(part, mirror, 0, watch),
            outcome => outcome,
        }
    }

    /// One request for what is missing after the first `have` bytes, unless nothing is.
    fn attempt(
        &self,
        part: &mut Part,
        mirror: &str,
        have: u64,
        watch: &mut dyn FnMut(Event),
    ) -> Attempt {
        if have > part.archive.bytes {
            return Err(part.discard("the .part file is too long".into()));
        }
        if have < part.archive.bytes {
            self.receive(part, mirror, have, watch)?;
        }
        let compared = compare_bytes(part.archive.sha256, &mut part.file);
        match compared.map_err(|e| part.failed(&e))? {
            None => Ok(()),
            Some(mismatch) => Err(part.discard(format!("{}: {mismatch}", part.archive.name))),
        }
    }

    /// Writes the body of an answer, never more than the archive has.
    fn receive(
        &self,
        part: &mut Part,
        mirror: &str,
        have: u64,
        watch: &mut dyn FnMut(Event),
    ) -> Attempt {
        let Archive {
            name: file, bytes, ..
        } = *part.archive;
        let (at, mut body) = match self.request(mirror, file, have, bytes - have) {
            Ok(answer) => match first_byte(&answer) {
                Some(at) if at == have || at == 0 => (at, answer.into_body().into_reader()),
                _ => return Err(part.discard("sent another part than was asked for".into())),
            },
            Err(ureq::Error::StatusCode(416)) => {
                return Err(part.discard(explain(&ureq::Error::StatusCode(416), self.patience)));
            }
            Err(error) => return Err(Failure::Broken(explain(&error, self.patience))),
        };
        part.cut(at)?;
        watch(Event::Started {
            file,
            mirror,
            have: at,
            bytes,
        });
        let mut buffer = vec![0; 1 << 16];
        let mut here = at;
        while here < bytes {
            let room = usize::try_from(bytes - here).unwrap_or(usize::MAX);
            let room = room.min(buffer.len());
            match body.read(&mut buffer[..room]) {
                // Without an error, the server takes this for all; the hash tells.
                Ok(0) => break,
                Ok(n) => {
                    part.write(&buffer[..n])?;
                    here += n as u64;
                    watch(Event::Received(here));
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    let why = explain(&e.into(), self.patience);
                    return Err(Failure::Broken(format!(
                        "{file} broke off after {here} of {bytes} bytes: {why}"
                    )));
                }
            }
        }
        Ok(())
    }

    fn request(
        &self,
        mirror: &str,
        file: &str,
        have: u64,
        rest: u64,
    ) -> std::result::Result<http::Response<Body>, ureq::Error> {
        let slash = if mirror.ends_with('/') { "" } else { "/" };
        let mut request = self.agent.get(format!("{mirror}{slash}{file}"));
        if have > 0 {
            request = request.header(RANGE, format!("bytes={have}-"));
        }
        request
            .config()
            // Who was asked over TLS must not send one elsewhere without it.
            .https_only(mirror.starts_with("https:"))
            .timeout_recv_body(Some(self.patience + Duration::from_secs(rest / SLOWEST)))
            .build()
            .call()
    }
}

/// The file that a download grows in.
struct Part<'a> {
    file: File,
    path: &'a Path,
    archive: &'a Archive,
}

impl Part<'_> {
    fn length(&self) -> Result<u64> {
        let data = self.file.metadata();
        data.map(|data| data.len()).map_err(|e| self.failed(&e))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.file.write_all(bytes);
        written.map_err(|e| self.failed(&e))
    }

    /// Keeps the first `length` bytes, and writes on after them.
    fn cut(&mut self, length: u64) -> Result<()> {
        let cut = self.file.set_len(length);
        cut.and_then(|()| self.file.seek(SeekFrom::Start(length)))
            .map(|_| ())
            .map_err(|e| self.failed(&e))
    }

    fn discard(&mut self, why: String) -> Failure {
        match self.cut(0) {
            Ok(()) => Failure::Unfit(why),
            Err(error) => Failure::Own(error),
        }
    }

    /// The bytes are right: gives them their name.
    fn finish(self, path: &Path) -> Result<()> {
        self.file.sync_all().map_err(|e| self.failed(&e))?;
        fs::rename(self.path, path).map_err(|e| unwritable(path, &e))
    }

    fn failed(&self, why: &io::Error) -> Error {
        unwritable(self.path, why)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Own(error)
    }
}

/// Where in the archive a body begins; servers may ignore that only a part was asked for.
fn first_byte(answer: &http::Response<Body>) -> Option<u64> {
    match answer.status().as_u16() {
        200 => Some(0),
        206 => {
            let range = answer.headers().get(CONTENT_RANGE)?.to_str().ok()?;
            let (first, _) = range.strip_prefix("bytes ")?.split_once('-')?;
            first.parse().ok()
        }
        _ => None,
    }
}

fn explain(error: &ureq::Error, patience: Duration) -> String {
    match error {
        ureq::Error::StatusCode(status) => format!("answered with HTTP status {status}"),
        ureq::Error::Timeout(ureq::Timeout::RecvBody) => {
            format!("too slow: sent fewer than {SLOWEST} bytes a second")
        }
        ureq::Error::Timeout(_) => {
            format!("too slow: sent nothing for {} s", patience.as_secs_f32())
        }
        ureq::Error::HostNotFound => "the host was not found".into(),
        ureq::Error::TooManyRedirects => format!("redirected more than {MOST_REDIRECTS} times"),
        ureq::Error::RequireHttpsOnly(_) => "redirected to an address without https".into(),
        ureq::Error::Io(e) => e.to_string(),
        other => other.to_string(),
    }
}

/// The platform's own TLS.
#[cfg(any(windows, target_os = "macos"))]
fn tls() -> TlsConfig {
    use ureq::tls::{RootCerts, TlsProvider};
    TlsConfig::builder()
        .provider(TlsProvider::NativeTls)
        .root_certs(RootCerts::PlatformVerifier)
        .build()
}

/// What the system trusts, so that the certificate of a company's proxy counts; without a store, Mozilla's list.
#[cfg(not(any(windows, target_os = "macos")))]
fn tls() -> TlsConfig {
    use ureq::tls::{Certificate, RootCerts};
    let trusted = rustls_native_certs::load_native_certs().certs;
    let roots = if trusted.is_empty() {
        RootCerts::WebPki
    } else {
        let trusted = trusted
            .iter()
            .map(|der| Certificate::from_der(der).to_owned());
        trusted.into()
    };
    TlsConfig::builder().root_certs(roots).build()
}
