//! One request and its whole reply, repeated with patience where that does no harm.

use std::time::Instant;

use reqwest::header::HeaderMap;
use reqwest::{Client, Request};

use crate::body::{Unread, whole};
use crate::patience::{Patience, retry_after};

/// A complete reply.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

/// The error for a request without a complete reply.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The reply is longer than the caller allows.
    #[error("the reply is too long")]
    TooLong,
    /// The server cannot be reached, did not answer in time, or ended the connection.
    #[error("no complete answer")]
    Unanswered(#[source] reqwest::Error),
}

impl From<reqwest::Error> for ExchangeError {
    fn from(error: reqwest::Error) -> Self {
        Self::Unanswered(error)
    }
}

/// Sends `request` and returns the reply, whose body may have at most `most` bytes. Repeats the request if it did not
/// reach the server, or if `may_repeat` returns true for the reply.
///
/// # Errors
/// [`ExchangeError`] of the last attempt. A reply with an error status is a reply.
pub async fn exchange(
    client: &Client,
    mut request: Request,
    most: usize,
    mut patience: Patience,
    may_repeat: impl Fn(&Reply) -> bool,
) -> Result<Reply, ExchangeError> {
    loop {
        let copy = request.try_clone();
        let began = Instant::now();
        let answer = once(client, request, most).await;
        // A body that is streamed cannot be sent again.
        let Some(copy) = copy else { return answer };
        let goes_on = match &answer {
            Ok(reply) if may_repeat(reply) => patience.again(retry_after(&reply.headers)).await,
            Err(ExchangeError::Unanswered(error)) if error.is_connect() => {
                patience.again_after_failure(began.elapsed()).await
            }
            _ => false,
        };
        if !goes_on {
            return answer;
        }
        request = copy;
    }
}

async fn once(client: &Client, request: Request, most: usize) -> Result<Reply, ExchangeError> {
    let mut response = client.execute(request).await?;
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let body = whole(reqwest::Body::from(response), most).await.map_err(|unread| match unread {
        Unread::TooLong => ExchangeError::TooLong,
        Unread::CutOff(error) => ExchangeError::Unanswered(error),
    })?;
    Ok(Reply { status, headers, body })
}
