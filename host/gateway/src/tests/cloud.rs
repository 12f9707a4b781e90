//! A server with one answer, which records the requests that it gets.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// A recorded request.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub head: String,
    pub body: String,
}

/// A server that listens on loopback until the test process ends.
pub(super) struct Cloud {
    pub endpoint: String,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Cloud {
    /// Starts a server that answers each request with the result of `answer`: the whole answer from the
    /// status line on.
    pub(super) fn start(answer: impl Fn(&Sent) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let sent = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&sent);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut head, mut length) = (String::new(), 0);
                loop {
                    let mut line = Vec::new();
                    reader.read_until(b'\n', &mut line).unwrap();
                    let line = String::from_utf8_lossy(&line).into_owned();
                    if line.trim_end().is_empty() {
                        break;
                    }
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    head += &line;
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let sent = Sent { head, body: String::from_utf8_lossy(&body).into_owned() };
                let reply = answer(&sent);
                kept.lock().unwrap().push(sent);
                // If the client has closed the connection, the answer is not needed.
                let _ = stream.write_all(&reply);
            }
        });
        Self { endpoint, sent }
    }

    pub(super) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }
}

/// Returns a whole answer, from the status line on.
pub(super) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}
