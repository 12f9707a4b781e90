//! Reads whole bodies, up to a size that the caller names.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Body;

/// The error for a body that was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum Unread<E> {
    /// The body is longer than the caller allows.
    #[error("the body is too long")]
    TooLong,
    /// The body ended early.
    #[error("the body was cut off")]
    CutOff(#[source] E),
}

/// Returns the whole body, which may have at most `most` bytes.
///
/// # Errors
/// [`Unread`], as soon as one more byte arrives, or if the body is cut off.
pub async fn whole<B: Body<Data = Bytes>>(
    body: B,
    most: usize,
) -> Result<Vec<u8>, Unread<B::Error>> {
    let mut body = pin!(body);
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        // Trailers are left out.
        let Ok(data) = frame.map_err(Unread::CutOff)?.into_data() else { continue };
        if whole.len().saturating_add(data.len()) > most {
            return Err(Unread::TooLong);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole)
}

/// Returns the whole body as [`whole`] does; `None` if that fails, or takes longer than `time`.
pub async fn whole_within<B: Body<Data = Bytes>>(
    body: B,
    most: usize,
    time: Duration,
) -> Option<Vec<u8>> {
    tokio::time::timeout(time, whole(body, most)).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body_util::Full;
    use hyper::body::Frame;

    use super::*;

    #[test]
    fn a_body_is_read_up_to_the_limit_and_not_beyond() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let read = |most| runtime.block_on(whole(Full::new(Bytes::from_static(b"four")), most));
        assert_eq!(read(4).unwrap(), b"four");
        assert!(matches!(read(3), Err(Unread::TooLong)));
    }

    /// A body of which nothing arrives.
    struct Stalled;

    impl Body for Stalled {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[test]
    fn a_body_that_does_not_arrive_in_time_is_given_up() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let four = Full::new(Bytes::from_static(b"four"));
        // A body that is there needs no time at all.
        let read = runtime.block_on(whole_within(four, 4, Duration::ZERO));
        assert_eq!(read.as_deref(), Some(&b"four"[..]));
        assert_eq!(runtime.block_on(whole_within(Stalled, 4, Duration::ZERO)), None);
    }
}
