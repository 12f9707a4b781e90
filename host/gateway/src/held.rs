//! Request bodies that are read completely before they are sent. A large one is in an unlinked file, and in memory only
//! while it is decided on. The sum of the bodies is bounded, so that many large requests at once wait for each other
//! until they are sent.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::View;
use super::answer::Refusal;
use audex_wire::server::BODY_TIME;

/// The longest body that is forwarded without a decision. The largest such request is an upload of a Lambda
/// function, 50 MB in base64. Source: Lambda quotas.
const WHOLE_BYTES: u32 = 96 * 1024 * 1024;
/// The longest body that a decision is made about; the largest usual one is a synchronous invocation of a
/// Lambda function, 6 MB. Source: Lambda quotas.
const DECIDED_BYTES: u32 = 8 * 1024 * 1024;
/// The most bytes of such bodies at once, until they are sent: a directory for temporary files has this room.
const SUM: u32 = 128 * 1024 * 1024;
/// The longest body that stays in memory: a hundred of them take a few megabytes, and most calls are shorter.
const IN_MEMORY: usize = 32 * 1024;
/// The bytes of a file that are sent at once.
const BLOCK: usize = 64 * 1024;

/// The room for bodies.
pub(crate) struct HeldBodies {
    room: Arc<Semaphore>,
    longest: u32,
    time: Duration,
}

/// A body that was read, with its part of the room until it is sent or dropped.
#[derive(Debug)]
pub(crate) struct Held {
    content: Content,
    length: usize,
    /// The bytes that are sent already.
    sent: usize,
    _room: OwnedSemaphorePermit,
}

#[derive(Debug)]
enum Content {
    Memory(Bytes),
    File(File),
}

impl Held {
    /// Returns the content. A file's is read into memory.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn bytes(&self) -> Result<Bytes, Refusal> {
        match &self.content {
            Content::Memory(bytes) => Ok(bytes.clone()),
            Content::File(file) => {
                let mut bytes = vec![0; self.length];
                file.read_exact_at(&mut bytes, 0).map_err(|error| unstored(&error))?;
                Ok(bytes.into())
            }
        }
    }

    /// Puts another content in the place of this one.
    pub(crate) fn replaced(self, bytes: Bytes) -> Self {
        Self { length: bytes.len(), content: Content::Memory(bytes), ..self }
    }

    /// Returns the number of bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length as u64
    }

    /// Returns the body to send.
    pub(crate) fn into_body(self) -> SdkBody {
        SdkBody::from_body_1_x(self)
    }

    fn next(&mut self) -> io::Result<Option<Bytes>> {
        let left = self.length.saturating_sub(self.sent);
        if left == 0 {
            return Ok(None);
        }
        let block = match &mut self.content {
            Content::Memory(bytes) => std::mem::take(bytes),
            Content::File(file) => {
                let mut block = vec![0; left.min(BLOCK)];
                file.read_exact_at(&mut block, self.sent as u64)?;
                block.into()
            }
        };
        self.sent += block.len();
        Ok(Some(block))
    }
}

impl Body for Held {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(self.next().transpose().map(|block| block.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.sent == self.length
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length.saturating_sub(self.sent) as u64)
    }
}

impl HeldBodies {
    /// Returns the room of a gateway with this view.
    pub(crate) fn new(view: View) -> Self {
        let longest = match view {
            View::Telling => WHOLE_BYTES,
            View::Whole => DECIDED_BYTES,
        };
        Self::up_to(longest)
    }

    /// Returns the room for bodies of at most `longest` bytes.
    pub(crate) fn up_to(longest: u32) -> Self {
        Self { room: Arc::new(Semaphore::new(SUM as usize)), longest, time: BODY_TIME }
    }

    /// Reads a body completely, as soon as there is room for it.
    ///
    /// # Errors
    /// If the body is too long, does not arrive or cannot be stored, or if there is no room for it in time.
    pub(crate) async fn whole<B: Body<Data = Bytes>>(&self, body: B) -> Result<Held, Refusal> {
        let most = self.longest;
        let unread = || {
            let message =
                format!("a body that must be read is longer than {most} bytes or did not arrive");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
        };
        // A body without a length takes the room of the longest one.
        let length = body.size_hint().exact().unwrap_or(u64::from(most));
        let length = u32::try_from(length).ok().filter(|length| *length <= most);
        let room = Arc::clone(&self.room).acquire_many_owned(length.ok_or_else(unread)?);
        let Ok(Ok(room)) = tokio::time::timeout(self.time, room).await else {
            let message = "too many large requests at once: send fewer of them in parallel";
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", message));
        };
        let stored = tokio::time::timeout(self.time, stored(body, most as usize)).await;
        let stored = stored.map_err(|_| unread())?.map_err(|error| unstored(&error))?;
        let (content, length) = stored.ok_or_else(unread)?;
        Ok(Held { content, length, sent: 0, _room: room })
    }
}

/// Stores a body of at most `most` bytes, and returns its length too; `None` if it is longer or is cut off.
async fn stored<B: Body<Data = Bytes>>(
    body: B,
    most: usize,
) -> io::Result<Option<(Content, usize)>> {
    let mut body = pin!(body);
    let (mut memory, mut file, mut length) = (Vec::new(), None, 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Ok(None) };
        // Trailers are left out.
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > most {
            return Ok(None);
        }
        if file.is_none() && length <= IN_MEMORY {
            memory.extend_from_slice(&data);
            continue;
        }
        let mut to = if let Some(file) = file.take() {
            file
        } else {
            // Security: the file has no name, so that it ends with this process, and nothing else opens it.
            let mut new = tempfile::tempfile()?;
            new.write_all(&std::mem::take(&mut memory))?;
            new
        };
        to.write_all(&data)?;
        file = Some(to);
    }
    let content = file.map_or_else(|| Content::Memory(memory.into()), Content::File);
    Ok(Some((content, length)))
}

/// Builds the answer to a request whose body cannot be stored.
fn unstored(error: &io::Error) -> Refusal {
    let message = format!("a body that must be read cannot be kept in a temporary file: {error}");
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::Future;
    use std::task::Waker;

    use http_body_util::Full;

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    }

    fn longest() -> Full<Bytes> {
        Full::new(Bytes::from(vec![0; DECIDED_BYTES as usize]))
    }

    /// A body that does not say its length.
    struct Streamed(Full<Bytes>);

    impl Body for Streamed {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Pin::new(&mut self.0).poll_frame(context)
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::default()
        }
    }

    /// Returns the result if `future` is ready at once.
    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    fn sent(held: Held) -> Vec<Bytes> {
        let (mut body, mut blocks) = (held, Vec::new());
        while let Some(Some(frame)) = now(body.frame()) {
            blocks.push(frame.unwrap().into_data().unwrap());
        }
        blocks
    }

    #[test]
    fn a_large_body_is_in_a_file_and_is_sent_as_it_came() {
        let runtime = runtime();
        let _entered = runtime.enter();
        let bodies = HeldBodies::new(View::Whole);
        for length in [0, 1, IN_MEMORY, IN_MEMORY + 1, 2 * BLOCK, 2 * BLOCK + 1] {
            let body: Bytes = (0..length).map(|at| at.to_le_bytes()[at % 2]).collect();
            let held = now(bodies.whole(Full::new(body.clone()))).unwrap().unwrap();
            assert_eq!(matches!(held.content, Content::File(_)), length > IN_MEMORY, "{length}");
            assert_eq!(held.bytes().unwrap(), body);
            assert_eq!(Body::size_hint(&held).exact(), Some(length as u64));
            let blocks = sent(held);
            assert!(blocks.iter().all(|block| block.len() <= BLOCK));
            assert_eq!(blocks.concat(), body);
        }
    }

    #[test]
    fn another_content_keeps_the_room_of_the_first() {
        let runtime = runtime();
        let _entered = runtime.enter();
        let bodies = HeldBodies::new(View::Whole);
        let held = now(bodies.whole(longest())).unwrap().unwrap();
        let other = held.replaced(Bytes::from_static(b"other"));
        assert_eq!(bodies.room.available_permits(), (SUM - DECIDED_BYTES) as usize);
        assert_eq!((other.length(), sent(other)), (5, vec![Bytes::from_static(b"other")]));
        assert_eq!(bodies.room.available_permits(), SUM as usize);
    }

    #[test]
    fn a_body_beyond_the_sum_waits_until_another_is_dropped() {
        let runtime = runtime();
        let _entered = runtime.enter();
        let bodies = HeldBodies::new(View::Whole);
        bodies.room.forget_permits((SUM - DECIDED_BYTES - DECIDED_BYTES / 2) as usize);
        let first = now(bodies.whole(longest())).unwrap().unwrap();
        assert!(now(bodies.whole(longest())).is_none(), "half of it would fit");
        let one = || Full::new(Bytes::from_static(b"x"));
        assert_eq!(now(bodies.whole(one())).unwrap().unwrap().bytes().unwrap(), "x");
        drop(first);
        assert!(now(bodies.whole(longest())).unwrap().is_ok());
    }

    #[test]
    fn a_body_without_a_length_takes_the_room_of_the_longest() {
        let runtime = runtime();
        let _entered = runtime.enter();
        let bodies = HeldBodies::new(View::Whole);
        let held = now(bodies.whole(Streamed(Full::new(Bytes::from("x"))))).unwrap().unwrap();
        assert_eq!(held.bytes().unwrap(), "x");
        assert_eq!(bodies.room.available_permits(), (SUM - DECIDED_BYTES) as usize);
    }

    #[test]
    fn without_room_in_time_the_client_is_told_to_slow_down() {
        let runtime = runtime();
        let bodies = HeldBodies { time: Duration::ZERO, ..HeldBodies::new(View::Whole) };
        bodies.room.forget_permits(SUM as usize);
        let refusal = runtime.block_on(bodies.whole(longest())).unwrap_err();
        assert_eq!((refusal.status.as_u16(), refusal.code.as_ref()), (503, "SlowDown"));
    }

    #[test]
    fn a_body_above_the_limit_is_refused_unread() {
        let runtime = runtime();
        let _entered = runtime.enter();
        let bodies = HeldBodies::new(View::Whole);
        let long = Full::new(Bytes::from(vec![0; DECIDED_BYTES as usize + 1]));
        let refusal = now(bodies.whole(long)).unwrap().unwrap_err();
        assert_eq!(refusal.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(bodies.room.available_permits(), SUM as usize);
    }
}
