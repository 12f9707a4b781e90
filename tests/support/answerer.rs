//! Servers with prepared answers, which keep the bodies of the requests. Tests read the bodies, or play a
//! broken cloud.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A server on loopback that runs until the test process ends.
pub(crate) struct Answerer {
    pub endpoint: String,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Answerer {
    /// Answers every request with `status`, such as `403 Forbidden`, and `body`.
    pub(crate) fn start(status: &str, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let length = body.len();
        let reply = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bodies);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(body) = answer(stream, &reply) {
                    kept.lock().unwrap().push(body);
                }
            }
        });
        Self { endpoint, bodies }
    }

    /// Gives one of `answers` to each request, in order. All further requests get the last answer.
    pub(crate) fn scripted(answers: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let reply = |(status, body): &(&str, &str)| {
            let length = body.len();
            format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
        };
        let replies: Vec<String> = answers.iter().map(reply).collect();
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bodies);
        thread::spawn(move || {
            for (index, stream) in listener.incoming().flatten().enumerate() {
                let reply = replies.get(index).or(replies.last()).unwrap();
                if let Some(body) = answer(stream, reply) {
                    kept.lock().unwrap().push(body);
                }
            }
        });
        Self { endpoint, bodies }
    }

    /// Returns the bodies of the requests, oldest first.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.bodies.lock().unwrap().clone()
    }

    /// Returns the value of `field` in the form of the first request.
    pub(crate) fn form_field(&self, field: &str) -> Option<String> {
        let bodies = self.bodies();
        let pairs = bodies.first()?.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(name, _)| *name == field).map(|(_, value)| decoded(value))
    }
}

/// A server that answers each request when the test calls [`Waiting::answer`].
pub(crate) struct Puppet {
    pub endpoint: String,
    requests: Receiver<Waiting>,
}

/// A request that has no answer yet.
pub(crate) struct Waiting {
    pub body: String,
    stream: TcpStream,
}

impl Puppet {
    /// Listens on loopback until the test process ends.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, requests) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(body) = read(&stream) {
                    let _ = sender.send(Waiting { body, stream });
                }
            }
        });
        Self { endpoint, requests }
    }

    /// Waits for the next request.
    pub(crate) fn asked(&self) -> Waiting {
        self.requests.recv_timeout(Duration::from_secs(30)).expect("a request")
    }
}

impl Waiting {
    /// Answers with an empty object.
    pub(crate) fn answer(mut self) {
        let reply = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
        self.stream.write_all(reply.as_bytes()).unwrap();
    }
}

fn answer(mut stream: TcpStream, reply: &str) -> Option<String> {
    let body = read(&stream)?;
    stream.write_all(reply.as_bytes()).ok()?;
    Some(body)
}

/// Reads a request and returns its body.
fn read(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim_end().is_empty() {
            break;
        }
        let line = line.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok()
}

/// Decodes a value of a form (`application/x-www-form-urlencoded`).
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}
