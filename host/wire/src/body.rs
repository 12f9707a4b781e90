//! Reads whole bodies, up to a size that the caller names.

use std::pin::pin;

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

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[test]
    fn a_body_is_read_up_to_the_limit_and_not_beyond() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let read = |most| runtime.block_on(whole(Full::new(Bytes::from_static(b"four")), most));
        assert_eq!(read(4).unwrap(), b"four");
        assert!(matches!(read(3), Err(Unread::TooLong)));
    }
}
