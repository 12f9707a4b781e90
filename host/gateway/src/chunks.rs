//! Removes the framing of a body that was signed chunk by chunk with the session key
//! (`STREAMING-AWS4-HMAC-SHA256-PAYLOAD`).
//!
//! Source: AWS, "Signature calculations for the Authorization header: transferring a payload in multiple chunks".

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// The most bytes of a chunk's first line: a size in hexadecimal and a signature.
const LINE_BYTES: usize = 1024;

/// A body without its framing.
pub(crate) struct Unchunked {
    inner: Incoming,
    decoder: Decoder,
    length: u64,
}

impl Unchunked {
    /// Wraps the framed body `inner`; `length` is the number of bytes without the framing.
    pub(crate) fn new(inner: Incoming, length: u64) -> Self {
        Self { inner, decoder: Decoder::default(), length }
    }
}

impl Body for Unchunked {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        loop {
            match self.decoder.next() {
                Ok(Some(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(None) => {}
                Err(reason) => return Poll::Ready(Some(Err(reason.into()))),
            }
            if self.decoder.is_done() {
                // The data after the last chunk are signatures of the session key, so they are dropped.
                return match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => Poll::Ready(Some(Err(error.into()))),
                    None => Poll::Ready(None),
                };
            }
            match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.decoder.add(&data);
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => return Poll::Ready(Some(Err("the body ends within a chunk".into()))),
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

/// The next part of the framing.
#[derive(Debug, Default)]
enum State {
    #[default]
    Line,
    Data(usize),
    End,
    Done,
}

#[derive(Debug, Default)]
struct Decoder {
    buffer: BytesMut,
    state: State,
}

impl Decoder {
    fn add(&mut self, data: &[u8]) {
        self.buffer.extend_from_slice(data);
    }

    fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Returns the next bytes of the plain body; `None` if more input is needed or the body is complete.
    fn next(&mut self) -> Result<Option<Bytes>, &'static str> {
        loop {
            match self.state {
                State::Line => {
                    let Some(end) =
                        self.buffer.windows(2).take(LINE_BYTES).position(|two| two == b"\r\n")
                    else {
                        let fits = self.buffer.len() < LINE_BYTES;
                        return if fits { Ok(None) } else { Err("a chunk begins with no size") };
                    };
                    let line = self.buffer.split_to(end);
                    self.buffer.advance(2);
                    let size =
                        line.as_ref().split(|byte: &u8| *byte == b';').next().unwrap_or_default();
                    let size = std::str::from_utf8(size).ok().filter(|size| size.len() <= 8);
                    let size = size.and_then(|size| usize::from_str_radix(size, 16).ok());
                    let size = size.ok_or("a chunk begins with no size")?;
                    self.state = if size == 0 { State::Done } else { State::Data(size) };
                }
                State::Data(left) => {
                    if self.buffer.is_empty() {
                        return Ok(None);
                    }
                    let data = self.buffer.split_to(left.min(self.buffer.len())).freeze();
                    let left = left.saturating_sub(data.len());
                    self.state = if left == 0 { State::End } else { State::Data(left) };
                    return Ok(Some(data));
                }
                State::End => {
                    if self.buffer.len() < 2 {
                        return Ok(None);
                    }
                    if !self.buffer.starts_with(b"\r\n") {
                        return Err("a chunk is longer than it says");
                    }
                    self.buffer.advance(2);
                    self.state = State::Line;
                }
                State::Done => {
                    self.buffer.clear();
                    return Ok(None);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(body: &[u8], step: usize) -> Result<Vec<u8>, &'static str> {
        let (mut decoder, mut plain) = (Decoder::default(), Vec::new());
        for part in body.chunks(step) {
            decoder.add(part);
            while let Some(data) = decoder.next()? {
                plain.extend_from_slice(&data);
            }
        }
        if decoder.is_done() { Ok(plain) } else { Err("the body ends within a chunk") }
    }

    #[test]
    fn chunks_are_joined_however_they_arrive() {
        let body = b"5;chunk-signature=aa\r\nhello\r\n1;chunk-signature=bb\r\n!\r\n0;chunk-signature=cc\r\nx-amz-checksum-crc32:x\r\n\r\n";
        for step in [1, 2, 7, 1000] {
            assert_eq!(decode(body, step).unwrap(), b"hello!");
        }
    }

    #[test]
    fn a_body_that_is_no_chunks_or_ends_early_is_an_error() {
        for body in
            [&b"zz\r\n"[..], b"5\r\nhello!!\r\n0\r\n", b"5\r\nhel", b"fffffffff\r\n", &[b'1'; 2000]]
        {
            assert!(decode(body, 3).is_err(), "{}", String::from_utf8_lossy(body));
        }
    }
}
