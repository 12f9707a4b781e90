//! The memory for request bodies that are read completely. Their sum is bounded, so that many large requests at
//! once wait for each other until they are sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::View;
use super::answer::Refusal;
use audex_wire::body::whole_within;
use audex_wire::server::BODY_TIME;

/// The longest body that is forwarded without a decision. The largest such request is an upload of a Lambda
/// function, 50 MB in base64. Source: Lambda quotas.
const WHOLE_BYTES: u32 = 96 * 1024 * 1024;
/// The longest body that a decision is made about; the largest usual one is a synchronous invocation of a
/// Lambda function, 6 MB. Source: Lambda quotas.
const DECIDED_BYTES: u32 = 8 * 1024 * 1024;
/// The most bytes of such bodies at once, until they are sent. The reader has copies of one of them.
const DECIDED_SUM: u32 = DECIDED_BYTES + DECIDED_BYTES / 2;

/// The room for bodies.
pub(crate) struct HeldBodies {
    room: Arc<Semaphore>,
    longest: u32,
    time: Duration,
}

/// A body in memory, with its part of the room until it is sent or dropped.
#[derive(Debug)]
pub(crate) struct Held {
    body: Full<Bytes>,
    bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

impl Held {
    /// Returns the content.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns the body to send.
    pub(crate) fn into_body(self) -> SdkBody {
        SdkBody::from_body_1_x(self)
    }
}

impl Body for Held {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl HeldBodies {
    /// Returns the room of a gateway with this view.
    pub(crate) fn new(view: View) -> Self {
        let (longest, sum) = match view {
            View::Telling => (WHOLE_BYTES, WHOLE_BYTES),
            View::Whole => (DECIDED_BYTES, DECIDED_SUM),
        };
        Self { room: Arc::new(Semaphore::new(sum as usize)), longest, time: BODY_TIME }
    }

    /// Reads a body completely, as soon as there is room for it.
    ///
    /// # Errors
    /// If the body is too long or does not arrive, or if there is no room for it in time.
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
        let body = whole_within(body, most as usize, self.time).await.ok_or_else(unread)?;
        let bytes = Bytes::from(body);
        Ok(Held { body: Full::new(bytes.clone()), bytes, _room: room })
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::Waker;

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

    #[test]
    fn a_body_beyond_the_sum_waits_until_another_is_dropped() {
        let runtime = runtime();
        let _entered = runtime.enter();
        let bodies = HeldBodies::new(View::Whole);
        let first = now(bodies.whole(longest())).unwrap().unwrap();
        assert!(now(bodies.whole(longest())).is_none(), "half of it would fit");
        let one = || Full::new(Bytes::from_static(b"x"));
        assert_eq!(now(bodies.whole(one())).unwrap().unwrap().bytes(), "x");
        drop(first);
        assert!(now(bodies.whole(longest())).unwrap().is_ok());
    }

    #[test]
    fn a_body_without_a_length_takes_the_room_of_the_longest() {
        let runtime = runtime();
        let _entered = runtime.enter();
        let bodies = HeldBodies::new(View::Whole);
        let held = now(bodies.whole(Streamed(Full::new(Bytes::from("x"))))).unwrap().unwrap();
        assert_eq!(held.bytes(), "x");
        assert_eq!(bodies.room.available_permits(), (DECIDED_SUM - DECIDED_BYTES) as usize);
    }

    #[test]
    fn without_room_in_time_the_client_is_told_to_slow_down() {
        let runtime = runtime();
        let bodies = HeldBodies { time: Duration::ZERO, ..HeldBodies::new(View::Whole) };
        bodies.room.forget_permits(DECIDED_SUM as usize);
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
        assert_eq!(bodies.room.available_permits(), DECIDED_SUM as usize);
    }
}
