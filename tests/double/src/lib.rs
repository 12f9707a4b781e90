//! The HTTP server of the tests: it answers as a test says and records what it is asked.
//!
//! It is for tests alone and lives on loopback until the test process ends.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A request as the server received it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The request line and the headers, each with its line end.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Asked {
    /// Returns the target of the request line.
    #[must_use]
    pub fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// Returns the value of a header; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let headers = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut named = headers.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.next().map_or("", |(_, value)| value.trim())
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    /// Returns an answer with a status, such as `403 Forbidden`, and a body.
    pub fn new(status: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { head: format!("HTTP/1.1 {status}\r\n"), body: body.into() }
    }

    /// Returns this answer with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head.extend([name, ": ", value, "\r\n"]);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let length = self.body.len();
        let end = format!("content-length: {length}\r\nconnection: close\r\n\r\n");
        [self.head.as_bytes(), end.as_bytes(), &self.body].concat()
    }
}

/// A running server.
pub struct Double {
    /// `http://HOST:PORT`.
    pub endpoint: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
}

impl Double {
    /// Starts a server that answers each request with the result of `answer`.
    ///
    /// # Panics
    /// If the machine has no free port.
    #[expect(clippy::expect_used, reason = "a test without its server proves nothing")]
    pub fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::numbered(move |_, asked| answer(asked)).expect("a port on loopback")
    }

    /// Starts a server that gives one of `answers` to each request, in order, and then the last again.
    ///
    /// # Panics
    /// As [`Self::start`].
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without its server proves nothing")]
    pub fn scripted(answers: Vec<Answer>) -> Self {
        let answer = move |number: usize, _: &Asked| {
            answers.get(number).or(answers.last()).cloned().expect("an answer")
        };
        Self::numbered(answer).expect("a port on loopback")
    }

    /// Returns `HOST:PORT`.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.endpoint.trim_start_matches("http://")
    }

    /// Returns the requests, oldest first.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the number of connections, with those that brought no whole request.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Serves each connection in a thread of its own, so that an answer may wait for the test.
    fn numbered(
        answer: impl Fn(usize, &Asked) -> Answer + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (answer, asked) = (Arc::new(answer), Arc::new(Mutex::new(Vec::new())));
        let connections = Arc::new(AtomicUsize::new(0));
        let (kept, count) = (Arc::clone(&asked), Arc::clone(&connections));
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let (answer, kept) = (Arc::clone(&answer), Arc::clone(&kept));
                thread::spawn(move || {
                    let Ok(request) = read(&stream) else { return };
                    let number = {
                        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                        kept.push(request.clone());
                        kept.len().saturating_sub(1)
                    };
                    // If the client has closed the connection, the answer is not needed.
                    let _ = stream.write_all(&answer(number, &request).bytes());
                });
            }
        });
        Ok(Self { endpoint, asked, connections })
    }
}

fn read(stream: &TcpStream) -> io::Result<Asked> {
    let mut reader = BufReader::new(stream);
    // A method begins a request; a client that speaks TLS would wait for an answer.
    if !reader.fill_buf()?.first().is_some_and(u8::is_ascii_uppercase) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut head = Vec::new();
    while reader.read_until(b'\n', &mut head)? > 0 && !head.ends_with(b"\n\r\n") {}
    let head = String::from_utf8_lossy(&head).trim_end_matches(['\r', '\n']).to_owned() + "\r\n";
    let mut asked = Asked { head, body: String::new() };
    let mut body = vec![0; asked.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body)?;
    asked.body = String::from_utf8_lossy(&body).into_owned();
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(double: &Double, request: &str) -> String {
        let mut stream = TcpStream::connect(double.authority()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    #[test]
    fn a_request_is_recorded_whole_and_the_last_answer_is_given_again() {
        let double = Double::scripted(vec![
            Answer::new("403 Forbidden", "no").header("x-a", "b"),
            Answer::new("200 OK", "yes"),
        ]);
        let post = "POST /p?q HTTP/1.1\r\nContent-Length: 4\r\nX-Key: v\r\n\r\nbody";
        let first =
            "HTTP/1.1 403 Forbidden\r\nx-a: b\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
        assert_eq!(ask(&double, post), first);
        for _ in 0..2 {
            assert!(ask(&double, "GET / HTTP/1.1\r\n\r\n").ends_with("\r\n\r\nyes"));
        }
        let asked = double.asked();
        assert_eq!((asked.len(), asked[0].body.as_str(), asked[0].target()), (3, "body", "/p?q"));
        assert_eq!((asked[0].header("x-key"), asked[0].header("none")), ("v", ""));
        assert_eq!(ask(&double, "\u{16}\u{3}\u{1}"), "");
        assert_eq!((double.connections(), double.asked().len()), (4, 3));
    }
}
