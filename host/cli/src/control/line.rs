//! Reads and writes one message a line.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

/// The longest request: an answer is one id and two words.
pub(super) const REQUEST_BYTES: usize = 64 * 1024;
/// The longest reply and event: the asks of a session are limited in number and length.
pub(super) const REPLY_BYTES: usize = 4 * 1024 * 1024;

/// Returns a message as a line.
pub(super) fn written(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

/// Reads the message of a line.
pub(super) fn parsed<M: DeserializeOwned>(line: &[u8]) -> io::Result<M> {
    serde_json::from_slice(line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Reads a line of at most `most` bytes; returns `None` at the end of the stream.
pub(super) async fn read<R: AsyncRead + Unpin>(
    from: &mut BufReader<R>,
    most: usize,
) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    from.take(limit).read_until(b'\n', &mut line).await?;
    match line.pop() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(line)),
        Some(_) if line.len() + 1 >= most => {
            Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long"))
        }
        Some(_) => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
