//! The standard output and the standard error of a guest, as bounded lines.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::limit;
use audex_core::printable;

/// The text that a guest wrote, up to [`limit::OUTPUT_BYTES`].
#[derive(Clone, Default)]
pub(super) struct Output(Arc<Mutex<Written>>);

#[derive(Default)]
struct Written {
    pieces: Vec<Piece>,
    bytes: usize,
}

/// Text of one stream.
struct Piece {
    stream: &'static str,
    text: Vec<u8>,
}

impl Output {
    fn add(&self, stream: &'static str, bytes: &[u8]) {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = limit::OUTPUT_BYTES.saturating_sub(written.bytes);
        let bytes = bytes.get(..left).unwrap_or(bytes);
        if bytes.is_empty() {
            return;
        }
        written.bytes += bytes.len();
        match written.pieces.last_mut() {
            Some(last) if last.stream == stream => last.text.extend_from_slice(bytes),
            _ => written.pieces.push(Piece { stream, text: bytes.to_vec() }),
        }
    }

    /// Returns at most [`limit::LOG_MESSAGES`] printable lines, each with its stream.
    pub(super) fn lines(&self) -> Vec<String> {
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = written.pieces.iter().flat_map(|Piece { stream, text }| {
            let text = String::from_utf8_lossy(text);
            let line = |line| format!("{stream}: {}", printable::line(line));
            text.lines().map(line).collect::<Vec<_>>()
        });
        lines.take(limit::LOG_MESSAGES).collect()
    }
}

/// The standard output or the standard error of a guest.
pub(super) struct Stream {
    name: &'static str,
    output: Output,
}

impl Stream {
    pub(super) fn new(name: &'static str, output: &Output) -> Self {
        Self { name, output: output.clone() }
    }
}

impl IsTerminal for Stream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // WASI 0.2 does not call this function.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Self::new(self.name, &self.output))
    }
}

impl OutputStream for Stream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.output.add(self.name, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        // Text over the limit is dropped without an error, because printing must not end a guest.
        Ok(limit::OUTPUT_BYTES)
    }
}

#[async_trait]
impl Pollable for Stream {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_becomes_printable_lines_that_name_their_stream() {
        let output = Output::default();
        output.add("stdout", b"one\ntw");
        output.add("stdout", b"o\x1b[2J\n");
        output.add("stderr", b"\xff three");
        assert_eq!(output.lines(), ["stdout: one", "stdout: two [2J", "stderr: \u{fffd} three"]);
    }

    #[test]
    fn output_is_bounded_in_bytes_in_lines_and_in_pieces() {
        let output = Output::default();
        output.add("stdout", &b"x\n".repeat(limit::LOG_MESSAGES + 1));
        assert_eq!(output.lines().len(), limit::LOG_MESSAGES);
        for _ in 0..limit::OUTPUT_BYTES {
            output.add("stdout", &[b'y'; 2]);
            output.add("stderr", &[b'z'; 2]);
        }
        let written = output.0.lock().unwrap();
        assert_eq!(written.bytes, limit::OUTPUT_BYTES);
        let held: usize = written.pieces.iter().map(|piece| piece.text.len()).sum();
        assert_eq!(held, limit::OUTPUT_BYTES);
        assert!(written.pieces.len() <= limit::OUTPUT_BYTES);
    }
}
