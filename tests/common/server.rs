//! A web server on this machine that answers as badly as a test wants.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// Without the leading slash.
    pub(crate) path: String,
    /// The first byte of the range that was asked for.
    pub(crate) from: Option<usize>,
}

/// Answers one request after the other, in a thread that ends with the process.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// `answer` writes to the connection, which is closed after it.
    pub(crate) fn start(answer: impl Fn(&Request, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut stream = stream;
                let Some(request) = read(&stream) else {
                    continue;
                };
                seen.lock().unwrap().push(request.clone());
                answer(&request, &mut stream);
            }
        });
        Self { url, requests }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.trim_start_matches('/').to_owned();
    let mut from = None;
    for line in lines {
        let line = line.ok()?.to_lowercase();
        if line.is_empty() {
            return Some(Request { path, from });
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().ok();
        }
    }
    None
}

/// A client may be gone before it has read all, which some tests mean to happen.
pub(crate) fn send(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    stream
        .write_all(bytes)
        .and_then(|()| stream.flush())
        .is_ok()
}

/// Status line and headers of an answer; `status` is a number and a word.
pub(crate) fn head(stream: &mut TcpStream, status: &str, headers: &[String]) {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    send(
        stream,
        format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n").as_bytes(),
    );
}

/// A whole answer.
pub(crate) fn answer(stream: &mut TcpStream, status: &str, body: &[u8]) {
    head(stream, status, &[format!("Content-Length: {}", body.len())]);
    send(stream, body);
}

/// A server's proper answer to a request for `file`, or for the rest of it.
pub(crate) fn answer_file(stream: &mut TcpStream, file: &[u8], from: Option<usize>) {
    let Some(from) = from else {
        return answer(stream, "200 OK", file);
    };
    let range = format!(
        "Content-Range: bytes {from}-{}/{}",
        file.len() - 1,
        file.len()
    );
    let length = format!("Content-Length: {}", file.len() - from);
    head(stream, "206 Partial", &[range, length]);
    send(stream, &file[from..]);
}

/// A mirror where nobody listens.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}
